"""Every S3 call that the manual of an S3-compatible product shows a boto3 user, by client and by resource.

A walk makes the calls in an order in which each has something to do, and keeps every answer under a label, without what
differs from server to server: ids, dates, and names of owners.
"""

import datetime
import hashlib
import io
import urllib.request

from botocore.exceptions import ClientError
from botocore.response import StreamingBody

PART = 5 << 20
FIRST, LAST = b"a" * PART, b"the last part"
# What of an answer is another one with every server, or every time.
IDS = {"VersionId", "UploadId", "CopySourceVersionId", "DeleteMarkerVersionId", "NextVersionIdMarker", "VersionIdMarker",
       "UploadIdMarker", "NextUploadIdMarker", "NextContinuationToken", "ContinuationToken", "ID", "DisplayName",
       "RequestId", "HostId"}


def plain(value):
    """The value with ids and dates replaced by their names."""
    if isinstance(value, StreamingBody):
        return digest(value.read())
    if isinstance(value, datetime.datetime):
        return "<date>"
    if isinstance(value, bytes):
        return digest(value)
    if isinstance(value, dict):
        members = {}
        for name, member in value.items():
            if name == "ResponseMetadata":
                members["status"] = member["HTTPStatusCode"]
            elif name in IDS and member not in ("null", ""):
                members[name] = f"<{name}>"
            else:
                members[name] = plain(member)
        return members
    if isinstance(value, (list, tuple)):
        return [plain(member) for member in value]
    return value


def digest(content):
    return content if len(content) <= 100 else f"{len(content)} bytes, {hashlib.md5(content).hexdigest()}"


class Walk:
    def __init__(self, bucket):
        self.bucket, self.answers = bucket, {}

    def __call__(self, label, function, *arguments, **parameters):
        """Makes the call, keeps its answer, or its error's code and status, and returns it as it came."""
        try:
            answer = function(*arguments, **parameters)
        except ClientError as error:
            answer = error.response
            self.keep(label, {"error": error.response["Error"]["Code"],
                              "status": error.response["ResponseMetadata"]["HTTPStatusCode"]})
            return answer
        self.keep(label, answer)
        return answer

    def keep(self, label, answer):
        assert label not in self.answers, label
        self.answers[label] = self.without_name(plain(answer))

    def without_name(self, value):
        if isinstance(value, dict):
            return {name: self.without_name(member) for name, member in value.items()}
        if isinstance(value, list):
            return [self.without_name(member) for member in value]
        return value.replace(self.bucket, "<bucket>") if isinstance(value, str) else value


def walk_client(s3, signer, bucket, region, folder, open_url):
    """The calls by client, in a bucket of this name. `signer` makes presigned URLs, and `open_url` fetches them."""
    walk = Walk(bucket)
    placed = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    walk_buckets(walk, s3, bucket, placed)
    walk_objects(walk, s3, bucket)
    walk_conditions(walk, s3, bucket)
    walk_listings(walk, s3, bucket)
    walk_access(walk, s3, bucket)
    walk_tags(walk, s3, bucket)
    walk_parts(walk, s3, bucket)
    walk_transfers(walk, s3, bucket, folder)
    walk_presigned(walk, signer, bucket, open_url)
    walk_deletions(walk, s3, bucket)
    walk_versions(walk, s3, bucket)
    walk("delete_bucket", s3.delete_bucket, Bucket=bucket)
    walk("head_bucket of none", s3.head_bucket, Bucket=bucket)
    return walk.answers


def walk_buckets(walk, s3, bucket, placed):
    walk("create_bucket", s3.create_bucket, Bucket=bucket, **placed)
    walk("create_bucket with a bad name", s3.create_bucket, Bucket="Bad_Name", **placed)
    walk("head_bucket", s3.head_bucket, Bucket=bucket)
    walk("get_bucket_location", s3.get_bucket_location, Bucket=bucket)
    walk("get_bucket_location of none", s3.get_bucket_location, Bucket=bucket + "-none")
    s3.create_bucket(Bucket=bucket + "-2", **placed)
    walk.keep("list_buckets", sorted(entry["Name"] for entry in s3.list_buckets(Prefix=bucket)["Buckets"]))
    pages = s3.get_paginator("list_buckets").paginate(Prefix=bucket, PaginationConfig={"PageSize": 1})
    walk.keep("list_buckets in pages", [
        [entry["Name"] for entry in page["Buckets"]] for page in pages])
    walk("delete_bucket of another", s3.delete_bucket, Bucket=bucket + "-2")
    s3.get_waiter("bucket_exists").wait(Bucket=bucket)
    s3.get_waiter("bucket_not_exists").wait(Bucket=bucket + "-2")


def walk_objects(walk, s3, bucket):
    walk("put_object", s3.put_object, Bucket=bucket, Key="notes/one.txt", Body=b"one", ContentType="text/plain",
         CacheControl="max-age=60", ContentDisposition="attachment", ContentLanguage="en",
         Metadata={"Author": "alice"})
    walk("put_object of nothing", s3.put_object, Bucket=bucket, Key="notes/empty", Body=b"")
    for algorithm in ("CRC32", "SHA1", "SHA256"):
        walk(f"put_object with {algorithm}", s3.put_object, Bucket=bucket, Key=f"sums/{algorithm}", Body=b"sum",
             ChecksumAlgorithm=algorithm)
        walk(f"head_object with {algorithm}", s3.head_object, Bucket=bucket, Key=f"sums/{algorithm}",
             ChecksumMode="ENABLED")
    walk("put_object with a wrong MD5", s3.put_object, Bucket=bucket, Key="notes/bad", Body=b"x",
         ContentMD5="AAAAAAAAAAAAAAAAAAAAAA==")
    s3.delete_object(Bucket=bucket, Key="notes/bad")
    walk("head_object", s3.head_object, Bucket=bucket, Key="notes/one.txt")
    walk("head_object of none", s3.head_object, Bucket=bucket, Key="notes/none")
    walk("get_object", s3.get_object, Bucket=bucket, Key="notes/one.txt")
    walk("get_object of nothing", s3.get_object, Bucket=bucket, Key="notes/empty")
    walk("get_object of none", s3.get_object, Bucket=bucket, Key="notes/none")
    walk("get_object of no bucket", s3.get_object, Bucket=bucket + "-none", Key="x")
    walk("get_object of a range", s3.get_object, Bucket=bucket, Key="notes/one.txt", Range="bytes=1-1")
    walk("get_object of a suffix", s3.get_object, Bucket=bucket, Key="notes/one.txt", Range="bytes=-2")
    walk("get_object of a range outside", s3.get_object, Bucket=bucket, Key="notes/one.txt", Range="bytes=9-")
    walk("get_object with other headers", s3.get_object, Bucket=bucket, Key="notes/one.txt",
         ResponseContentType="text/csv", ResponseCacheControl="no-cache", ResponseContentLanguage="de",
         ResponseContentDisposition="inline", ResponseContentEncoding="identity")
    source = {"Bucket": bucket, "Key": "notes/one.txt"}
    walk("copy_object", s3.copy_object, Bucket=bucket, Key="copies/one", CopySource=source)
    walk("get_object of a copy", s3.get_object, Bucket=bucket, Key="copies/one")
    walk("copy_object with other metadata", s3.copy_object, Bucket=bucket, Key="copies/two", CopySource=source,
         MetadataDirective="REPLACE", Metadata={"reviewer": "bob"}, ContentType="text/csv")
    walk("get_object of a copy with other metadata", s3.get_object, Bucket=bucket, Key="copies/two")
    walk("copy_object onto itself", s3.copy_object, Bucket=bucket, Key="notes/one.txt", CopySource=source)
    walk("copy_object of none", s3.copy_object, Bucket=bucket, Key="copies/none",
         CopySource={"Bucket": bucket, "Key": "notes/none"})
    s3.get_waiter("object_exists").wait(Bucket=bucket, Key="copies/two")


def walk_conditions(walk, s3, bucket):
    etag = s3.head_object(Bucket=bucket, Key="notes/one.txt")["ETag"]
    past, future = datetime.datetime(2000, 1, 1), datetime.datetime(2037, 1, 1)
    for name, conditions in {
        "the tag": {"IfMatch": etag}, "another tag": {"IfMatch": '"x"'}, "not the tag": {"IfNoneMatch": etag},
        "not another tag": {"IfNoneMatch": '"x"'}, "modified since long": {"IfModifiedSince": past},
        "unmodified since long": {"IfUnmodifiedSince": past},
        "unmodified until then": {"IfUnmodifiedSince": future},
    }.items():
        walk(f"get_object if {name}", s3.get_object, Bucket=bucket, Key="notes/one.txt", **conditions)
    source = {"Bucket": bucket, "Key": "notes/one.txt"}
    walk("copy_object if another tag", s3.copy_object, Bucket=bucket, Key="copies/if", CopySource=source,
         CopySourceIfMatch='"x"')
    s3.delete_object(Bucket=bucket, Key="copies/if")
    walk("put_object if none", s3.put_object, Bucket=bucket, Key="notes/one.txt", Body=b"new", IfNoneMatch="*")
    walk("put_object if another tag", s3.put_object, Bucket=bucket, Key="notes/one.txt", Body=b"new", IfMatch='"x"')
    walk("put_object if the tag", s3.put_object, Bucket=bucket, Key="notes/one.txt", Body=b"new", IfMatch=etag)


def walk_listings(walk, s3, bucket):
    for key in ("logs/a/1", "logs/a/2", "logs/b/1", "logs/top", "Logs", "log s+&%", "ÿ"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")

    def shown(answer):
        return {**answer, "Contents": [entry["Key"] for entry in answer.get("Contents", [])]}

    for version in ("list_objects", "list_objects_v2"):
        listing = getattr(s3, version)

        def page(label, **parameters):
            walk(f"{version} {label}", lambda: shown(listing(Bucket=bucket, **parameters)))

        page("of all")
        page("of a prefix", Prefix="logs/")
        page("with a delimiter", Delimiter="/")
        page("with both", Prefix="logs/", Delimiter="/")
        page("of no such prefix", Prefix="none/")
        page("of nothing", MaxKeys=0)
        page("of two", Prefix="logs/", MaxKeys=2)
        pages = s3.get_paginator(version).paginate(
            Bucket=bucket, Prefix="logs/", Delimiter="/", PaginationConfig={"PageSize": 1})
        walk.keep(f"{version} in pages", [
            [entry["Key"] for entry in answer.get("Contents", [])]
            + [entry["Prefix"] for entry in answer.get("CommonPrefixes", [])] for answer in pages])
    walk("list_objects after a marker", lambda: shown(s3.list_objects(Bucket=bucket, Marker="logs/a/1")))
    walk("list_objects_v2 after a key", lambda: shown(s3.list_objects_v2(Bucket=bucket, StartAfter="logs/a/1")))
    walk("list_objects_v2 with owners", lambda: s3.list_objects_v2(
        Bucket=bucket, Prefix="logs/top", FetchOwner=True)["Contents"])
    walk("list_objects of no bucket", s3.list_objects, Bucket=bucket + "-none")


def walk_access(walk, s3, bucket):
    walk("get_bucket_acl", s3.get_bucket_acl, Bucket=bucket)
    walk("put_bucket_acl", s3.put_bucket_acl, Bucket=bucket, ACL="public-read")
    walk("get_bucket_acl for everybody", s3.get_bucket_acl, Bucket=bucket)
    walk("put_bucket_acl back", s3.put_bucket_acl, Bucket=bucket, ACL="private")
    walk("get_object_acl", s3.get_object_acl, Bucket=bucket, Key="notes/one.txt")
    walk("put_object_acl", s3.put_object_acl, Bucket=bucket, Key="notes/one.txt", ACL="authenticated-read")
    answer = walk("get_object_acl for the authenticated", s3.get_object_acl, Bucket=bucket, Key="notes/one.txt")
    owner = answer["Owner"]
    walk("put_object_acl of grants", s3.put_object_acl, Bucket=bucket, Key="notes/one.txt", AccessControlPolicy={
        "Owner": owner, "Grants": [
            {"Grantee": {"Type": "CanonicalUser", "ID": owner["ID"]}, "Permission": "FULL_CONTROL"},
            {"Grantee": {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"},
             "Permission": "READ"}]})
    walk("get_object_acl of grants", s3.get_object_acl, Bucket=bucket, Key="notes/one.txt")
    walk("get_object_acl of none", s3.get_object_acl, Bucket=bucket, Key="notes/none")


def walk_tags(walk, s3, bucket):
    tags = {"TagSet": [{"Key": "team", "Value": "data"}, {"Key": "stage", "Value": "raw"}]}
    walk("get_bucket_tagging of none", s3.get_bucket_tagging, Bucket=bucket)
    walk("put_bucket_tagging", s3.put_bucket_tagging, Bucket=bucket, Tagging=tags)
    walk("get_bucket_tagging", s3.get_bucket_tagging, Bucket=bucket)
    walk("delete_bucket_tagging", s3.delete_bucket_tagging, Bucket=bucket)
    walk("get_object_tagging of none", s3.get_object_tagging, Bucket=bucket, Key="notes/one.txt")
    walk("put_object_tagging", s3.put_object_tagging, Bucket=bucket, Key="notes/one.txt", Tagging=tags)
    walk("get_object_tagging", s3.get_object_tagging, Bucket=bucket, Key="notes/one.txt")
    walk("get_object with tags", s3.get_object, Bucket=bucket, Key="notes/one.txt")
    walk("delete_object_tagging", s3.delete_object_tagging, Bucket=bucket, Key="notes/one.txt")
    walk("put_object with tags", s3.put_object, Bucket=bucket, Key="notes/tagged", Body=b"", Tagging="a=1&b=2")
    walk("get_object_tagging of the put", s3.get_object_tagging, Bucket=bucket, Key="notes/tagged")


def walk_parts(walk, s3, bucket):
    at = {"Bucket": bucket, "Key": "parts/whole"}
    upload = {**at, "UploadId": walk("create_multipart_upload", s3.create_multipart_upload, **at,
                                     ContentType="text/plain", Metadata={"from": "parts"})["UploadId"]}
    first = walk("upload_part", s3.upload_part, **upload, PartNumber=1, Body=FIRST)
    s3.put_object(Bucket=bucket, Key="parts/source", Body=LAST)
    copied = walk("upload_part_copy", s3.upload_part_copy, **upload, PartNumber=2,
                  CopySource={"Bucket": bucket, "Key": "parts/source"}, CopySourceRange=f"bytes=0-{len(LAST) - 1}")
    walk("list_parts", s3.list_parts, **upload)
    walk("list_parts of one", s3.list_parts, **upload, MaxParts=1)
    walk("list_multipart_uploads", s3.list_multipart_uploads, Bucket=bucket)
    parts = [{"PartNumber": 1, "ETag": first["ETag"]},
             {"PartNumber": 2, "ETag": copied.get("CopyPartResult", {}).get("ETag", "")}]
    walk("complete_multipart_upload out of order", s3.complete_multipart_upload, **upload,
         MultipartUpload={"Parts": parts[::-1]})
    walk("complete_multipart_upload with a wrong tag", s3.complete_multipart_upload, **upload,
         MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": '"x"'}]})
    done = walk("complete_multipart_upload",
                lambda: {**s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}), "Location": ""})
    assert done.get("ETag", "").endswith('-2"'), done
    walk("get_object of parts", s3.get_object, **at)
    walk("get_object of a part", s3.get_object, **at, PartNumber=2)
    walk("head_object of parts", s3.head_object, **at)
    given_up = {**at, "UploadId": s3.create_multipart_upload(**at)["UploadId"]}
    walk("abort_multipart_upload", s3.abort_multipart_upload, **given_up)
    walk("list_parts of none", s3.list_parts, **given_up)
    walk("list_multipart_uploads of none", s3.list_multipart_uploads, Bucket=bucket)


def walk_transfers(walk, s3, bucket, folder):
    """What boto3's transfer manager does beneath the methods named after files."""
    whole = FIRST * 2 + LAST
    (folder / "whole").write_bytes(whole)
    s3.upload_file(str(folder / "whole"), bucket, "files/whole", ExtraArgs={"Metadata": {"by": "file"}})
    walk("head_object of a file", s3.head_object, Bucket=bucket, Key="files/whole")
    s3.download_file(bucket, "files/whole", str(folder / "back"))
    walk.keep("download_file", (folder / "back").read_bytes())
    s3.upload_fileobj(io.BytesIO(LAST), bucket, "files/stream")
    stream = io.BytesIO()
    s3.download_fileobj(bucket, "files/stream", stream)
    walk.keep("download_fileobj", stream.getvalue())
    s3.copy({"Bucket": bucket, "Key": "files/whole"}, bucket, "files/copy")
    walk("head_object of a managed copy", s3.head_object, Bucket=bucket, Key="files/copy")


def walk_presigned(walk, s3, bucket, open_url):
    def fetch(method, operation, body=None, **parameters):
        url = s3.generate_presigned_url(operation, Params={"Bucket": bucket, **parameters}, ExpiresIn=60)
        request = urllib.request.Request(url, method=method, data=body)
        if body:
            request.add_header("Content-Type", "")  # Signature Version 2 covers it.
        with open_url(request) as answer:
            return {"status": answer.status, "body": answer.read()}

    key = "signed/key with ? and #"
    walk.keep("presigned put", fetch("PUT", "put_object", b"signed before", Key=key))
    walk.keep("presigned get", fetch("GET", "get_object", Key=key))
    walk.keep("presigned get with other headers", fetch("GET", "get_object", Key=key, ResponseContentType="text/csv"))
    walk.keep("presigned delete", fetch("DELETE", "delete_object", Key=key))


def walk_deletions(walk, s3, bucket):
    walk("delete_bucket that is not empty", s3.delete_bucket, Bucket=bucket)
    walk("delete_object", s3.delete_object, Bucket=bucket, Key="notes/one.txt")
    walk("delete_object of none", s3.delete_object, Bucket=bucket, Key="notes/one.txt")
    walk("delete_objects", s3.delete_objects, Bucket=bucket, Delete={
        "Objects": [{"Key": "copies/one"}, {"Key": "copies/none"}]})
    walk("delete_objects quietly", s3.delete_objects, Bucket=bucket, Delete={
        "Objects": [{"Key": "copies/two"}], "Quiet": True})
    rest = [{"Key": entry["Key"]} for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    s3.delete_objects(Bucket=bucket, Delete={"Objects": rest})
    walk("list_objects_v2 of an empty bucket", s3.list_objects_v2, Bucket=bucket)


def walk_versions(walk, s3, bucket):
    walk("get_bucket_versioning of never", s3.get_bucket_versioning, Bucket=bucket)
    walk("put_bucket_versioning", s3.put_bucket_versioning, Bucket=bucket,
         VersioningConfiguration={"Status": "Enabled"})
    walk("get_bucket_versioning", s3.get_bucket_versioning, Bucket=bucket)
    at = {"Bucket": bucket, "Key": "history"}
    first = walk("put_object of a version", s3.put_object, **at, Body=b"first")["VersionId"]
    s3.put_object(**at, Body=b"second")
    walk("get_object of a version", s3.get_object, **at, VersionId=first)
    walk("head_object of a version", s3.head_object, **at, VersionId=first)
    marker = walk("delete_object to a marker", s3.delete_object, **at)["VersionId"]
    walk("get_object behind a marker", s3.get_object, **at)
    walk("get_object of a marker", s3.get_object, **at, VersionId=marker)
    walk("list_object_versions", s3.list_object_versions, Bucket=bucket)
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": 1})
    walk.keep("list_object_versions in pages", [
        [name for name in ("Versions", "DeleteMarkers") if name in page] for page in pages])
    walk("delete_object of a marker", s3.delete_object, **at, VersionId=marker)
    walk("get_object after its marker", s3.get_object, **at)
    walk("copy_object of a version", s3.copy_object, Bucket=bucket, Key="history",
         CopySource={"Bucket": bucket, "Key": "history", "VersionId": first})
    walk("get_object of a version of none", s3.get_object, **at, VersionId="null")
    walk("put_bucket_versioning off", s3.put_bucket_versioning, Bucket=bucket,
         VersioningConfiguration={"Status": "Suspended"})
    walk("put_object while suspended", s3.put_object, **at, Body=b"third")
    versions = s3.list_object_versions(Bucket=bucket)
    walk("delete_objects of versions", lambda: sorted(
        entry["VersionId"] == "null" for entry in s3.delete_objects(Bucket=bucket, Delete={"Objects": [
            {"Key": entry["Key"], "VersionId": entry["VersionId"]}
            for entry in versions["Versions"] + versions.get("DeleteMarkers", [])]})["Deleted"]))
