"""The S3 access pattern: what people read and write through `/s3p`, with the embedded AWS as what lies behind it."""

import base64
import hashlib
import http.client
import io
import json
import os
import pathlib
import socket
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from conftest import ACCESS_KEY, ACCOUNT, SECRET_KEY, Sandbox
from control_plane import KEY, REGION, serving
from programs import Program

FAR = "eu-west-1"
NASTY = ["raw/a b", "raw/a+b", "raw/a%2Fb", "raw/%", "raw/é", "raw/e\u0301", "raw/../x", "raw/./x", "raw//x", "raw/x?y=z#w",
         "raw/🙂", "raw/;:@&=$,'()*![]", "raw/\u0301combining", "raw/a\\b", "raw/~", 'raw/"<&>']


class Tap:
    """Between clients and the server: keeps every byte that goes to a client."""

    def __init__(self, port):
        self.seen = bytearray()
        self.target = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target))
            threading.Thread(target=self.pump, args=(client, server, None), daemon=True).start()
            threading.Thread(target=self.pump, args=(server, client, self.seen), daemon=True).start()

    def pump(self, source, sink, seen):
        try:
            while data := source.recv(1 << 16):
                if seen is not None:
                    seen += data
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Upstream(Tap):
    """In front of the embedded AWS: can fall silent in the middle of an answer."""

    def __init__(self, port):
        self.budget, self.left = None, threading.Semaphore(0)
        super().__init__(port)

    def pump(self, source, sink, seen):
        """Forwards; answers only as far as the budget goes. Tells when the gateway lets go of a connection."""
        try:
            while data := source.recv(1 << 16):
                while seen is not None and self.budget is not None and self.budget <= 0:
                    time.sleep(0.01)
                if seen is not None and self.budget is not None:
                    self.budget -= len(data)
                sink.sendall(data)
        except OSError:
            pass
        if seen is None:
            self.left.release()
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Stage:
    def __init__(self, sandbox, bucket, sluice):
        self.sandbox, self.bucket, self.sluice, self.port = sandbox, bucket, sluice, sluice.port
        self.tap = Tap(self.port)
        self.upstream = sandbox.client("s3", REGION)
        self.keys, self.profiles, self.sources, self.table = {}, {}, {}, {}

    def person(self, name):
        self.profiles[name] = self.sluice.person(name)
        self.keys[name] = self.sluice.key(name)
        return name

    def register(self, integration, *prefixes):
        ids = self.sluice.register(integration, **{prefix: prefix for prefix in prefixes})
        for prefix, source in zip(prefixes, ids):
            self.sources[prefix], self.table[prefix] = source, self.sluice.folder(source)

    def give(self, prefix, name, access="READ"):
        self.sluice.give(self.sources[prefix], self.profiles[name], access)

    def revoke(self, prefix, name):
        self.sluice.revoke(self.sources[prefix], self.profiles[name])

    def untapped(self, name):
        """For requests that name what the answer must not."""
        return self.client(name, port=self.port)

    def client(self, name, secret="immuta", key=None, port=None, **options):
        options.setdefault("s3", {"addressing_style": "path"})
        return boto3.session.Session().client(
            "s3", region_name="us-east-1", endpoint_url=f"http://127.0.0.1:{port or self.tap.port}/s3p",
            aws_access_key_id=key or self.keys[name], aws_secret_access_key=secret,
            config=Config(retries={"total_max_attempts": 1}, **options))


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    with Program("sandbox", "--hostname", "127.0.0.1", "--port", "0") as aws:
        sandbox = Sandbox(aws.port)
        upstream = Upstream(aws.port)
        bucket = sandbox.bucket(
            REGION, "raw/a.txt", "raw/b/c.txt", "raw/b/d.txt", "rawest/secret.txt", "day-1.csv", "day-2/x.csv", "dayless",
            "one/only.csv", "one/only.csv.gz", "other/secret.txt", *NASTY)
        with serving(sandbox, tmp_path_factory.mktemp("gateway"), SLUICE_S3P_DOMAIN="s3.test", SLUICE_S3P_AUDIT="all",
                     AWS_ENDPOINT_URL_S3=f"http://127.0.0.1:{upstream.port}") as sluice:
            stage = Stage(sandbox, bucket, sluice)
            stage.silence = upstream
            for name in ("reader", "writer", "stranger"):
                stage.person(name)
            stage.register(sluice.integrate(bucket), "raw/", "day-*", "one/only.csv", "other/", "drop/")
            for prefix in ("raw/", "day-*", "one/only.csv"):
                stage.give(prefix, "reader")
            for prefix in ("raw/", "drop/"):
                stage.give(prefix, "writer", "WRITE")
            stage.far = sandbox.bucket(FAR)
            sandbox.client("s3control", FAR).create_access_grants_instance(AccountId=ACCOUNT)
            stage.register(sluice.integrate(stage.far, region=FAR), "far/")
            yield stage


def code(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"]


def test_the_bucket_is_one_and_its_owner_known(stage):
    s3 = stage.client("reader")
    answer = s3.list_buckets()
    assert [bucket["Name"] for bucket in answer["Buckets"]] == ["immuta"]
    assert answer["Buckets"][0]["CreationDate"].isoformat() == "2006-03-19T00:00:00+00:00"
    assert answer["Owner"] == {"ID": "Immuta", "DisplayName": "Immuta"}
    s3.head_bucket(Bucket="immuta")
    assert s3.get_bucket_location(Bucket="immuta")["LocationConstraint"] is None
    assert code(stage.untapped("reader").head_bucket, Bucket=stage.bucket) == "404"
    assert code(s3.list_objects_v2, Bucket="another") == "NoSuchBucket"
    s3.create_bucket(Bucket="immuta")
    assert code(s3.create_bucket, Bucket="immuta", CreateBucketConfiguration={"LocationConstraint": FAR}) == (
        "BucketAlreadyOwnedByYou")
    assert code(s3.create_bucket, Bucket="new-one") == "AccessDenied"
    assert code(s3.delete_bucket, Bucket="immuta") == "AccessDenied"
    assert code(s3.delete_bucket, Bucket="another") == "NoSuchBucket"


def test_data_sources_are_folders_of_those_who_may_read_them(stage):
    table = stage.table
    for name, expected in {"reader": ["raw/", "day-*", "one/only.csv"], "writer": ["raw/", "drop/"],
                           "stranger": []}.items():
        s3 = stage.client(name)
        for page in (s3.list_objects_v2, s3.list_objects):
            answer = page(Bucket="immuta", Delimiter="/")
            assert [entry["Prefix"] for entry in answer.get("CommonPrefixes", [])] == sorted(
                table[prefix] + "/" for prefix in expected)
            assert "Contents" not in answer


def keys(s3, size=1000, operation="list_objects_v2", **parameters):
    found = []
    for page in s3.get_paginator(operation).paginate(
            Bucket="immuta", PaginationConfig={"PageSize": size}, **parameters):
        found += [entry["Key"] for entry in page.get("Contents", [])]
        found += [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]
    return found


def test_listings_page_in_key_order_across_data_sources(stage):
    s3, table = stage.client("reader"), stage.table
    raw = [f"{table['raw/']}/{key}" for key in [
        "a.txt", "b/c.txt", "b/d.txt", *[key.removeprefix("raw/") for key in NASTY]]]
    others = [f"{table['day-*']}/day-1.csv", f"{table['day-*']}/day-2/x.csv", f"{table['one/only.csv']}/only.csv"]
    everything = sorted(raw + others, key=lambda key: key.encode())
    for operation in ("list_objects_v2", "list_objects"):
        for size in (1, 2, 3, 7, 1000):
            assert keys(s3, size, operation) == everything, (operation, size)
        for prefix in (table["raw/"] + "/", table["raw/"] + "/b/", table["raw/"][:2], table["day-*"] + "/day-", "zzz", "\u0301",
                       table["one/only.csv"] + "/only.csv.gz"):
            assert keys(s3, 3, operation, Prefix=prefix) == [
                key for key in everything if key.encode().startswith(prefix.encode())], prefix
    for delimiter in ("/", "a", "b/", "-", "y/"):
        for prefix in ("", table["raw/"] + "/", table["raw/"] + "/b", table["day-*"] + "/", table["day-*"] + "/day-"):
            expected = []
            for key in everything:
                if not key.startswith(prefix):
                    continue
                # A data source is shown at the root though nothing may be in it.
                end = key.find(delimiter, len(prefix))
                rolled = key if end < 0 else key[:end + len(delimiter)]
                if rolled not in expected:
                    expected.append(rolled)
            for size in (1, 2, 1000):
                assert sorted(keys(s3, size, Prefix=prefix, Delimiter=delimiter)) == sorted(expected), (delimiter, prefix, size)


def test_what_one_may_not_read_does_not_exist(stage):
    table = stage.table
    s3 = stage.client("reader")
    for key in (f"{table['other/']}/secret.txt", "nowhere/a.txt", table["raw/"], f"{table['raw/']}/missing",
                f"{table['one/only.csv']}/only.csv.gz", f"{table['day-*']}/dayless", f"{table['day-*']}/day",
                f"{table['raw/']}/../other/secret.txt", f"{table['raw/']}/../rawest/secret.txt",
                f"{table['raw/']}est/secret.txt", f"{table['raw/']}\u0301/a.txt"):
        assert code(s3.get_object, Bucket="immuta", Key=key) == "NoSuchKey", key
        assert code(s3.head_object, Bucket="immuta", Key=key) == "404", key
        # A subscriber who may only read learns nothing more by writing.
        assert code(s3.put_object, Bucket="immuta", Key=key, Body=b"x") == "AccessDenied", key
        assert code(s3.delete_object, Bucket="immuta", Key=key) == "AccessDenied", key
    assert stage.upstream.get_object(Bucket=stage.bucket, Key="other/secret.txt")["Body"].read() == b"other/secret.txt"


def test_nasty_keys_lead_to_themselves(stage):
    s3 = stage.client("reader")
    for key in NASTY:
        gateway = f"{stage.table['raw/']}/{key.removeprefix('raw/')}"
        assert s3.get_object(Bucket="immuta", Key=gateway)["Body"].read() == key.encode(), key
        assert s3.head_object(Bucket="immuta", Key=gateway)["ContentLength"] == len(key.encode())


def test_ranges_and_conditions(stage):
    s3 = stage.client("reader")
    wish = {"Bucket": "immuta", "Key": f"{stage.table['raw/']}/a.txt"}
    whole = s3.get_object(**wish)
    assert whole["Body"].read() == b"raw/a.txt" and whole["ETag"] == '"%s"' % hashlib.md5(b"raw/a.txt").hexdigest()
    part = s3.get_object(**wish, Range="bytes=4-")
    assert (part["Body"].read(), part["ContentRange"]) == (b"a.txt", "bytes 4-8/9")
    assert s3.get_object(**wish, Range="bytes=-3")["Body"].read() == b"txt"
    assert code(s3.get_object, **wish, Range="bytes=9-") == "InvalidRange"
    assert code(s3.get_object, **wish, IfNoneMatch=whole["ETag"]) == "304"
    assert code(s3.get_object, **wish, IfMatch='"no"') == "PreconditionFailed"
    assert s3.get_object(**wish, IfMatch=whole["ETag"])["Body"].read() == b"raw/a.txt"
    assert s3.get_object(**wish, ResponseContentType="text/x")["ContentType"] == "text/x"


def test_writers_write_copy_and_delete(stage):
    s3, table = stage.client("writer"), stage.table
    drop, raw = table["drop/"], table["raw/"]
    body = bytes(range(256)) * 5000
    s3.put_object(Bucket="immuta", Key=f"{drop}/new", Body=body, ContentType="x/y", Metadata={"a": "b"})
    found = s3.get_object(Bucket="immuta", Key=f"{drop}/new")
    assert (found["Body"].read(), found["ContentType"], found["Metadata"]) == (body, "x/y", {"a": "b"})
    assert stage.upstream.get_object(Bucket=stage.bucket, Key="drop/new")["Body"].read() == body
    s3.copy_object(Bucket="immuta", Key=f"{drop}/copy", CopySource=f"immuta/{raw}/a.txt")
    assert s3.get_object(Bucket="immuta", Key=f"{drop}/copy")["Body"].read() == b"raw/a.txt"
    for source in (f"immuta/{table['other/']}/secret.txt", f"immuta/{drop}/missing"):
        assert code(s3.copy_object, Bucket="immuta", Key=f"{drop}/stolen", CopySource=source) == "NoSuchKey"
    assert code(stage.untapped("writer").copy_object, Bucket="immuta", Key=f"{drop}/stolen",
                CopySource=f"{stage.bucket}/other/secret.txt") == "NoSuchBucket"
    assert code(stage.client("reader").copy_object, Bucket="immuta", Key=f"{raw}/new",
                CopySource=f"immuta/{raw}/a.txt") == "AccessDenied"
    answer = s3.delete_objects(Bucket="immuta", Delete={"Objects": [
        {"Key": f"{drop}/new"}, {"Key": f"{drop}/missing"}, {"Key": f"{table['other/']}/secret.txt"},
        {"Key": f"{drop}/copy"}]})
    assert sorted(entry["Key"] for entry in answer["Deleted"]) == sorted(
        [f"{drop}/new", f"{drop}/missing", f"{drop}/copy"])
    assert [(entry["Key"], entry["Code"]) for entry in answer["Errors"]] == [
        (f"{table['other/']}/secret.txt", "AccessDenied")]
    assert keys(s3, Prefix=drop + "/") == []
    s3.put_object(Bucket="immuta", Key=f"{drop}/empty", Body=b"")
    assert s3.get_object(Bucket="immuta", Key=f"{drop}/empty")["Body"].read() == b""
    s3.delete_object(Bucket="immuta", Key=f"{drop}/empty")


def test_a_body_that_is_not_what_was_claimed_leaves_nothing(stage):
    """The checksum stands in the trailer, after the bytes; upstream never gets the last of them."""
    body, wrong = b"x" * 300_000, "AAAAAA=="
    key = f"{stage.table['drop/']}/torn"
    chunks = b"%x\r\n%s\r\n0\r\nx-amz-checksum-crc32:%s\r\n\r\n" % (len(body), body, wrong.encode())
    connection = http.client.HTTPConnection("127.0.0.1", stage.port)
    connection.request("PUT", f"/s3p/immuta/{key}", body=chunks, headers={
        "Authorization": f"AWS {stage.keys['writer']}:immuta", "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-trailer": "x-amz-checksum-crc32", "x-amz-decoded-content-length": str(len(body)),
        "Content-Encoding": "aws-chunked"})
    answer = connection.getresponse()
    assert (answer.status, b"BadDigest" in answer.read()) == (400, True)
    assert code(stage.client("writer").head_object, Bucket="immuta", Key=key) == "404"


def test_an_upload_refused_before_its_end_spoils_nothing(stage):
    """Upstream says no while the client still sends: the rest is read by nobody twice, and the connection goes on."""
    key = f"{stage.table['drop/']}/there"
    stage.client("writer").put_object(Bucket="immuta", Key=key, Body=b"first")
    authorization = f"Host: 127.0.0.1:{stage.port}\r\nAuthorization: AWS {stage.keys['writer']}:immuta\r\n"
    half = b"x" * 500_000
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", stage.port), timeout=30) as connection:
            answers = connection.makefile("rb")
            connection.sendall(
                f"PUT /s3p/immuta/{key} HTTP/1.1\r\n{authorization}If-None-Match: *\r\n"
                f"Content-Length: {2 * len(half)}\r\n\r\n".encode() + half)
            # As long as this takes, upstream has refused it.
            assert stage.client("writer").get_object(Bucket="immuta", Key=key)["Body"].read() == b"first"
            connection.sendall(half)
            assert b"<Code>PreconditionFailed</Code>" in answer(answers, b"412")
            connection.sendall(f"GET /s3p/immuta/{key} HTTP/1.1\r\n{authorization}\r\n".encode())
            assert answer(answers, b"200") == b"first"


def answer(answers, status):
    """The body of the next answer on a connection."""
    assert answers.readline().split()[1] == status
    fields = http.client.parse_headers(answers)
    return answers.read(int(fields["Content-Length"]))


def put(stage, key, body, query=""):
    """As clients do over TLS: the checksum behind the bytes. The answer's header fields."""
    checksum = base64.b64encode(zlib.crc32(body).to_bytes(4, "big"))
    size = b"%x\r\n%s\r\n" % (len(body), body) if body else b""
    request = urllib.request.Request(
        f"http://127.0.0.1:{stage.tap.port}/s3p/immuta/{key}{query}", method="PUT",
        data=size + b"0\r\nx-amz-checksum-crc32:" + checksum + b"\r\n\r\n", headers={
            "Authorization": f"AWS {stage.keys['writer']}:immuta", "Content-Encoding": "aws-chunked",
            "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-trailer": "x-amz-checksum-crc32",
            "x-amz-decoded-content-length": str(len(body))})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return checksum.decode(), answer.headers


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (5 << 20) + 3])
def test_a_checksum_behind_the_bytes_is_kept_with_the_object(stage, size):
    s3, body = stage.client("writer"), os.urandom(size)
    wish = {"Bucket": "immuta", "Key": f"{stage.table['drop/']}/checked"}
    checksum, answer = put(stage, wish["Key"], body)
    assert answer["x-amz-checksum-crc32"] == checksum
    kept = stage.upstream.head_object(Bucket=stage.bucket, Key="drop/checked", ChecksumMode="ENABLED")
    assert (kept["ChecksumCRC32"], kept.get("ContentEncoding")) == (checksum, None)
    assert s3.get_object(**wish, ChecksumMode="ENABLED")["Body"].read() == body
    # S3 takes no part without one where the upload's checksum is made of its parts'.
    upload = s3.create_multipart_upload(**wish, ChecksumAlgorithm="CRC32")["UploadId"]
    checksum, answer = put(stage, wish["Key"], body, f"?partNumber=1&uploadId={upload}")
    done = s3.complete_multipart_upload(**wish, UploadId=upload, MultipartUpload={"Parts": [
        {"PartNumber": 1, "ETag": answer["ETag"], "ChecksumCRC32": checksum}]})
    assert done["ChecksumCRC32"].endswith("-1")
    assert s3.get_object(**wish)["Body"].read() == body
    s3.delete_object(**wish)


def test_objects_are_carried_from_one_integration_to_another(stage):
    stage.give("far/", stage.person("carrier"), "WRITE")
    stage.give("drop/", "carrier", "WRITE")
    s3, far = stage.client("carrier"), f"{stage.table['far/']}/object"
    body = os.urandom((11 << 20) + 5)
    origin = {"Bucket": "immuta", "Key": f"{stage.table['drop/']}/origin"}
    s3.put_object(**origin, Body=body, ContentType="x/y", Metadata={"a": "b"})
    for options in ({}, {"ChecksumAlgorithm": "SHA256"}):
        s3.copy_object(Bucket="immuta", Key=far, CopySource=origin, **options)
        kept = stage.sandbox.client("s3", FAR).get_object(Bucket=stage.far, Key="far/object", ChecksumMode="ENABLED")
        assert (kept["Body"].read(), kept["ContentType"], kept["Metadata"]) == (body, "x/y", {"a": "b"})
        assert ("ChecksumSHA256" in kept) == bool(options)
        s3.copy(origin, "immuta", far, ExtraArgs=options, Config=boto3.s3.transfer.TransferConfig(
            multipart_threshold=5 << 20, multipart_chunksize=5 << 20))
        assert s3.get_object(Bucket="immuta", Key=far)["Body"].read() == body
        assert s3.head_object(Bucket="immuta", Key=far)["ETag"].endswith('-3"')
    upload = {"Bucket": "immuta", "Key": far, "UploadId": s3.create_multipart_upload(Bucket="immuta", Key=far)["UploadId"]}
    assert code(s3.upload_part_copy, **upload, PartNumber=1, CopySource=origin,
                CopySourceRange=f"bytes=0-{len(body)}") == "InvalidRange"
    assert code(s3.upload_part_copy, **upload, PartNumber=1, CopySource=origin,
                CopySourceIfMatch='"another"') == "PreconditionFailed"
    etag = s3.head_object(**origin)["ETag"]
    for call in (lambda: code(s3.upload_part_copy, **upload, PartNumber=1, CopySource=origin, CopySourceIfNoneMatch=etag),
                 lambda: code(s3.copy_object, Bucket="immuta", Key=far, CopySource=origin, CopySourceIfNoneMatch=etag)):
        assert call() == "PreconditionFailed"
    s3.abort_multipart_upload(**upload)
    for key in (far, origin["Key"]):
        s3.delete_object(Bucket="immuta", Key=key)


def test_uploads_in_parts(stage):
    s3 = stage.client("writer")
    body = bytes(1 << 20) * 11 + b"end"
    key = f"{stage.table['drop/']}/large"
    s3.upload_fileobj(io.BytesIO(body), "immuta", key, Config=boto3.s3.transfer.TransferConfig(
        multipart_threshold=5 << 20, multipart_chunksize=5 << 20))
    assert s3.head_object(Bucket="immuta", Key=key)["ContentLength"] == len(body)
    assert hashlib.md5(s3.get_object(Bucket="immuta", Key=key)["Body"].read()).digest() == hashlib.md5(body).digest()
    upload = s3.create_multipart_upload(Bucket="immuta", Key=key)["UploadId"]
    part = {"Bucket": "immuta", "Key": key, "UploadId": upload}
    s3.upload_part(**part, PartNumber=1, Body=b"a")
    s3.upload_part_copy(**part, PartNumber=2, CopySource=f"immuta/{key}", CopySourceRange="bytes=0-9")
    assert [(entry["PartNumber"], entry["Size"]) for entry in s3.list_parts(**part)["Parts"]] == [(1, 1), (2, 10)]
    assert [entry["Key"] for entry in s3.list_multipart_uploads(
        Bucket="immuta", Prefix=stage.table["drop/"] + "/")["Uploads"]] == [key]
    assert code(stage.client("reader").upload_part, **part, PartNumber=1, Body=b"a") == "AccessDenied"
    s3.abort_multipart_upload(**part)
    assert code(s3.list_parts, **part) == "NoSuchUpload"
    s3.delete_object(Bucket="immuta", Key=key)


def get(url, **headers):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_every_way_to_say_who_one_is(stage):
    table = stage.table["raw/"]
    url = f"http://127.0.0.1:{stage.tap.port}/s3p/immuta/{table}/a.txt"
    key = stage.keys["reader"]
    assert get(url, Authorization=f"AWS {key}:immuta") == (200, b"raw/a.txt")
    assert get(url, Authorization=f"AWS {key}:wrong")[0] == 403
    assert get(url, Authorization="AWS nobody:immuta")[0] == 403
    assert get(url)[0] == 403
    pair = stage.sluice("POST", "/bim/apikey/s3", {"name": "pair", "userid": "reader"})
    signed = stage.client("reader", pair["secretAccessKey"], pair["accessKeyId"])
    wish = {"Bucket": "immuta", "Key": f"{table}/a.txt"}
    assert signed.get_object(**wish)["Body"].read() == b"raw/a.txt"
    assert code(stage.client("reader", "immuta", pair["accessKeyId"]).get_object, **wish) == "SignatureDoesNotMatch"
    assert get(url, Authorization=f"AWS {pair['accessKeyId']}:{pair['secretAccessKey']}")[0] == 403
    for version in ("s3v4", "s3"):
        for name, options in (("reader", {}), ("pair", {"secret": pair["secretAccessKey"], "key": pair["accessKeyId"]})):
            s3 = stage.client("reader", signature_version=version, **options)
            link = s3.generate_presigned_url("get_object", Params=wish, ExpiresIn=60)
            assert get(link) == (200, b"raw/a.txt"), (version, name)
            assert get(link.replace("a.txt", "b/c.txt"))[0] == 403
    stage.sluice("DELETE", f"/bim/apikey/{pair['keyid']}")
    assert code(signed.get_object, **wish) == "InvalidAccessKeyId"


def test_the_bucket_may_stand_in_the_host(stage):
    for host, path in (("immuta.s3.test", f"/{stage.table['raw/']}/a.txt"), ("s3.test", f"/immuta/{stage.table['raw/']}/a.txt"),
                       ("immuta.s3.test", f"/s3p/{stage.table['raw/']}/a.txt")):
        answer = get(f"http://127.0.0.1:{stage.port}{path}", Host=f"{host}:{stage.port}",
                     Authorization=f"AWS {stage.keys['reader']}:immuta")
        assert answer == (200, b"raw/a.txt"), (host, path)


def test_any_region_and_virtual_hosts_are_signed_for(stage):
    wish = {"Bucket": "immuta", "Key": f"{stage.table['raw/']}/a b"}
    for region, endpoint in (("eu-anywhere-9", f"http://127.0.0.1:{stage.port}/s3p"), ("us-east-1", "http://s3.test")):
        style = "virtual" if endpoint.endswith("test") else "path"
        s3 = boto3.session.Session().client(
            "s3", region_name=region, endpoint_url=endpoint, aws_access_key_id=stage.keys["reader"],
            aws_secret_access_key="immuta", config=Config(
                s3={"addressing_style": style}, retries={"total_max_attempts": 1},
                # The server stands in for the proxy that would lead there.
                proxies={"http": f"http://127.0.0.1:{stage.port}"} if style == "virtual" else {}))
        assert s3.get_object(**wish)["Body"].read() == b"raw/a b"
        assert wish["Key"] in [entry["Key"] for entry in s3.list_objects_v2(Bucket="immuta")["Contents"]]


def test_a_client_that_goes_away_while_it_sends_leaves_nothing(stage):
    key = f"{stage.table['drop/']}/half"
    connection = socket.create_connection(("127.0.0.1", stage.port))
    connection.sendall((f"PUT /s3p/immuta/{key} HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n"
                        f"Authorization: AWS {stage.keys['writer']}:immuta\r\n\r\n").encode() + bytes(5_000_000))
    connection.close()
    s3 = stage.client("writer")
    for _ in range(20):
        assert code(s3.head_object, Bucket="immuta", Key=key) == "404"


def test_giving_and_revoking_hold_at_once_and_at_the_next_page(stage):
    name = stage.person("temporary")
    s3 = stage.client(name)
    wish = {"Bucket": "immuta", "Key": f"{stage.table['raw/']}/a.txt"}
    assert code(s3.get_object, **wish) == "NoSuchKey"
    stage.give("raw/", name)
    assert s3.get_object(**wish)["Body"].read() == b"raw/a.txt"
    page = s3.list_objects_v2(Bucket="immuta", MaxKeys=2)
    assert page["IsTruncated"]
    stage.revoke("raw/", name)
    assert code(s3.get_object, **wish) == "NoSuchKey"
    # Not an end that a mirror would take for the whole.
    assert code(s3.list_objects_v2, Bucket="immuta", ContinuationToken=page["NextContinuationToken"]) == "AccessDenied"
    assert s3.list_objects_v2(Bucket="immuta")["KeyCount"] == 0


def test_reads_refusals_and_writes_are_in_the_audit_log(stage):
    table = stage.table["raw/"]
    stage.client("writer").put_object(Bucket="immuta", Key=f"{table}/audited", Body=b"x")
    stage.client("reader").get_object(Bucket="immuta", Key=f"{table}/audited")
    code(stage.client("stranger").get_object, Bucket="immuta", Key=f"{table}/audited")
    stage.client("writer").delete_object(Bucket="immuta", Key=f"{table}/audited")
    status, text = get(f"http://127.0.0.1:{stage.port}/audit", Authorization=KEY)
    assert status == 200
    rows = [json.loads(line) for line in text.splitlines()]
    told = [(row["actor"]["userid"], row["action"], row["outcome"]) for row in rows
            if row["target"]["id"] == f"{table}/audited"]
    assert told == [("writer", "object.write", "succeeded"), ("reader", "object.read", "succeeded"),
                    ("stranger", "object.read", "refused"), ("writer", "object.delete", "succeeded")]


def count(stage, operation, status):
    _, text = get(f"http://127.0.0.1:{stage.port}/metrics")
    series = f'sluice_s3p_requests_total{{operation="{operation}",status="{status}"}} '
    return sum(int(line.removeprefix(series)) for line in text.decode().splitlines() if line.startswith(series))


def test_requests_are_counted_by_operation_and_status(stage):
    wanted = [("GetObject", 200), ("GetObject", 404), ("HeadObject", 200), ("unknown", 400)]
    before = [count(stage, *series) for series in wanted]
    s3, key = stage.client("reader"), f"{stage.table['raw/']}/a.txt"
    s3.get_object(Bucket="immuta", Key=key)
    assert code(s3.get_object, Bucket="immuta", Key="nowhere/a") == "NoSuchKey"
    s3.head_object(Bucket="immuta", Key=key)
    assert get(f"http://127.0.0.1:{stage.port}/s3p/%zz")[0] == 400
    assert [count(stage, *series) for series in wanted] == [number + 1 for number in before]
    _, text = get(f"http://127.0.0.1:{stage.port}/metrics")
    assert b'sluice_s3p_request_seconds_bucket{operation="GetObject"' in text


def test_a_client_that_goes_away_ends_the_transfer_and_memory_stays_small(stage):
    size = 64 << 20
    stage.upstream.put_object(Bucket=stage.bucket, Key="raw/huge", Body=bytes(size))
    request = (f"GET /s3p/immuta/{stage.table['raw/']}/huge HTTP/1.1\r\nHost: x\r\n"
               f"Authorization: AWS {stage.keys['reader']}:immuta\r\n\r\n").encode()
    def megabytes():
        status = pathlib.Path(f"/proc/{stage.sluice.program.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def transfers():
        """Connections from the server, or anybody, to the upstream."""
        port = f":{stage.silence.port:04X}"
        lines = pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
        return sum(line.split()[2].endswith(port) and line.split()[3] == "01" for line in lines)

    stage.client("reader").get_object(Bucket="immuta", Key=f"{stage.table['raw/']}/a.txt")["Body"].read()
    memory, idle, readers, slow = megabytes(), transfers(), 16, []
    for _ in range(readers):
        connection = socket.create_connection(("127.0.0.1", stage.port))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.sendall(request)
        assert b"200 OK" in connection.recv(4096)
        slow.append(connection)
    # Whoever would buffer bodies would need a gigabyte; a debug build needs more than the megabyte a stream may cost.
    assert megabytes() - memory < 4 * readers
    assert transfers() >= readers
    for connection in slow:
        connection.close()
    end = time.monotonic() + 20
    while transfers() > idle:
        assert time.monotonic() < end, (transfers(), idle)
        time.sleep(0.02)
    stage.upstream.delete_object(Bucket=stage.bucket, Key="raw/huge")


@pytest.mark.parametrize("budget", [0, 100_000])
def test_a_client_that_goes_away_ends_a_transfer_in_which_upstream_is_silent(stage, budget):
    """Before the answer's header, and amid its body: nothing is written that could fail."""
    stage.upstream.put_object(Bucket=stage.bucket, Key="raw/silent", Body=bytes(1 << 20))
    before = count(stage, "GetObject", 499)
    connection = socket.create_connection(("127.0.0.1", stage.port))
    stage.silence.budget = budget
    connection.sendall((f"GET /s3p/immuta/{stage.table['raw/']}/silent HTTP/1.1\r\nHost: x\r\n"
                        f"Authorization: AWS {stage.keys['reader']}:immuta\r\n\r\n").encode())
    if budget:
        received = 0
        while received < budget // 2:
            received += len(connection.recv(1 << 16))
    else:
        time.sleep(0.3)
    while stage.silence.left.acquire(blocking=False):
        pass
    connection.close()
    assert stage.silence.left.acquire(timeout=10)
    stage.silence.budget = None
    # Once the answer has begun it counts as what it began with.
    end = time.monotonic() + 20
    while not budget and count(stage, "GetObject", 499) == before:
        assert time.monotonic() < end
        time.sleep(0.02)
    stage.upstream.delete_object(Bucket=stage.bucket, Key="raw/silent")


def test_nothing_of_the_upstream_reaches_a_client(stage):
    """Last: over all bytes that any client was sent."""
    seen = bytes(stage.tap.seen)
    assert len(seen) > 10_000
    for secret in (SECRET_KEY, ACCESS_KEY, stage.bucket, stage.sandbox.url.removeprefix("http://")):
        assert secret.encode() not in seen, secret
