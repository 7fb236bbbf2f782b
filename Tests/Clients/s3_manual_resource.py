"""The same calls by boto3's resource interface."""

import io

from s3_manual import FIRST, LAST, Walk


def walk_resource(s3, name, region, folder):
    walk = Walk(name)
    bucket = s3.Bucket(name)
    placed = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    bucket.create(**placed)
    bucket.wait_until_exists()
    walk.keep("buckets", [entry.name == name for entry in s3.buckets.all() if entry.name == name])
    walk("creation_date", lambda: bucket.creation_date)
    walk_objects(walk, s3, bucket, folder)
    walk_settings(walk, s3, bucket)
    walk_parts(walk, s3, bucket)
    walk_versions(walk, s3, bucket)
    gone = walk("delete", bucket.delete)
    if "Error" not in gone:
        bucket.wait_until_not_exists()
    return walk.answers


def walk_objects(walk, s3, bucket, folder):
    def facts(entry):
        return {"key": entry.key, "etag": entry.e_tag, "modified": entry.last_modified}

    made = bucket.put_object(Key="notes/one.txt", Body=b"one", ContentType="text/plain", Metadata={"author": "alice"})
    walk.keep("put_object", made.key)
    entry = s3.Object(bucket.name, "notes/one.txt")
    entry.wait_until_exists()
    walk("load", entry.load)
    walk.keep("attributes", {**facts(entry), "length": entry.content_length, "type": entry.content_type,
                             "metadata": entry.metadata, "ranges": entry.accept_ranges})
    walk("get", entry.get)
    walk("get of a range", entry.get, Range="bytes=1-")
    walk("get of none", s3.Object(bucket.name, "none").get)
    other = s3.Object(bucket.name, "notes/two.txt")
    walk("put", other.put, Body=b"two")
    walk("copy_from", s3.Object(bucket.name, "copy").copy_from, CopySource=f"{bucket.name}/notes/two.txt")
    s3.Object(bucket.name, "managed copy").copy({"Bucket": bucket.name, "Key": "notes/two.txt"})
    walk.keep("objects.all", [facts(summary) for summary in bucket.objects.all()])
    walk.keep("objects.filter", [summary.key for summary in bucket.objects.filter(Prefix="notes/")])
    walk.keep("objects.limit", [summary.key for summary in bucket.objects.limit(2)])
    walk.keep("objects.page_size", [[summary.key for summary in page] for page in bucket.objects.page_size(3).pages()])
    summary = s3.ObjectSummary(bucket.name, "copy")
    walk.keep("summary", {**facts(summary), "size": summary.size})
    (folder / "file").write_bytes(LAST)
    bucket.upload_file(str(folder / "file"), "files/file")
    bucket.download_file("files/file", str(folder / "returned"))
    walk.keep("download_file", (folder / "returned").read_bytes())
    bucket.upload_fileobj(io.BytesIO(LAST), "files/stream")
    stream = io.BytesIO()
    s3.Object(bucket.name, "files/stream").download_fileobj(stream)
    walk.keep("download_fileobj", stream.getvalue())
    walk("delete an object", other.delete)
    walk("delete_objects", bucket.delete_objects, Delete={"Objects": [{"Key": "copy"}]})
    walk("objects.delete", lambda: sorted(
        entry["Key"] for page in bucket.objects.filter(Prefix="files/").delete() for entry in page["Deleted"]))
    other.wait_until_not_exists()


def walk_settings(walk, s3, bucket):
    def grants(acl):
        return sorted((grant["Permission"], grant["Grantee"]["Type"]) for grant in acl.grants)

    acl = bucket.Acl()
    walk.keep("bucket acl", grants(acl))
    walk("put bucket acl", acl.put, ACL="public-read")
    acl.reload()
    walk.keep("bucket acl for everybody", grants(acl))
    walk("put bucket acl back", acl.put, ACL="private")
    acl = s3.ObjectAcl(bucket.name, "notes/one.txt")
    walk.keep("object acl", grants(acl))
    walk("put object acl", acl.put, ACL="public-read")
    acl.reload()
    walk.keep("object acl for everybody", grants(acl))
    tagging = bucket.Tagging()
    walk("put tags", tagging.put, Tagging={"TagSet": [{"Key": "team", "Value": "data"}]})
    tagging.reload()
    walk.keep("tags", tagging.tag_set)
    walk("delete tags", tagging.delete)
    walk("load tags of none", tagging.load)


def walk_parts(walk, s3, bucket):
    entry = s3.Object(bucket.name, "parts/whole")
    upload = entry.initiate_multipart_upload(ContentType="text/plain")
    first = walk("upload", upload.Part(1).upload, Body=FIRST)
    walk("copy_from into a part", upload.Part(2).copy_from, CopySource=f"{bucket.name}/notes/one.txt")
    parts = list(upload.parts.all())
    walk.keep("parts", [(part.part_number, part.size, part.e_tag) for part in parts])
    walk.keep("multipart_uploads", [under_way.object_key for under_way in bucket.multipart_uploads.all()])
    assert first["ETag"] == parts[0].e_tag
    done = upload.complete(MultipartUpload={
        "Parts": [{"PartNumber": part.part_number, "ETag": part.e_tag} for part in parts]})
    walk.keep("complete", done.key)
    walk("get of parts", entry.get)
    given_up = entry.initiate_multipart_upload()
    walk("abort", given_up.abort)
    walk.keep("multipart_uploads of none", [under_way.object_key for under_way in bucket.multipart_uploads.all()])
    bucket.objects.delete()


def walk_versions(walk, s3, bucket):
    versioning = bucket.Versioning()
    walk.keep("versioning of never", versioning.status)
    walk("enable", versioning.enable)
    versioning.reload()
    walk.keep("versioning", versioning.status)
    entry = s3.Object(bucket.name, "history")
    first = entry.put(Body=b"first")["VersionId"]
    walk("put again", entry.put, Body=b"second")
    walk("get of a version", entry.Version(first).get)
    walk("delete to a marker", entry.delete)
    walk.keep("object_versions", [
        (version.key, version.is_latest, version.size) for version in bucket.object_versions.all()])
    walk("suspend", versioning.suspend)
    walk("object_versions.delete", lambda: len([
        entry for page in bucket.object_versions.delete() for entry in page["Deleted"]]))
