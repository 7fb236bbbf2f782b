"""What people use S3 with: AWS CLI, boto3's transfer manager, s3cmd, rclone, and curl.

Each against the embedded store and, where the test is not about what only a store has, against the gateway.
"""

import base64
import filecmp
import hashlib
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import uuid
import zlib

import boto3
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

from conftest import ACCESS_KEY, SECRET_KEY
from control_plane import REGION, serving

DOMAIN = "s3.test"
MEBIBYTE = 1 << 20
PART = 5 * MEBIBYTE
NAMES = ["top.txt", "a/one.txt", "a/b/two.bin", "a/b/empty", "with space/and +&%.txt", "ünï/cödé.txt", "x=y/~(z)!'*"]


def program(name):
    """The program's path, looked for beside the running Python first; the test is skipped where there is none."""
    beside = pathlib.Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


class Place:
    """A bucket of a server and a folder in it, and the settings by which each program finds them."""

    def __init__(self, sandbox, folder, url, bucket, keys, base="", s3cmd=""):
        self.sandbox, self.folder, self.url, self.bucket, self.base = sandbox, folder, url, bucket, base
        self.access_key, self.secret_key = keys
        self.at = f"s3://{bucket}/{base}"
        self.s3 = self.client()
        self.s3cmd_settings = s3cmd

    def client(self, **options):
        return boto3.session.Session().client(
            "s3", region_name=REGION, endpoint_url=self.url, aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, **options))

    def environment(self):
        config = self.folder / "aws.config"
        config.write_text("[default]\ns3 =\n  multipart_threshold = 5MB\n  multipart_chunksize = 5MB\n"
                          "  addressing_style = path\n")
        keys = {"AccessKeyId": self.access_key, "SecretAccessKey": self.secret_key}
        return self.sandbox.environment(REGION, keys) | {
            "AWS_ENDPOINT_URL_S3": self.url, "AWS_CONFIG_FILE": str(config), "RCLONE_CONFIG": os.devnull,
            "RCLONE_CONFIG_BOX_TYPE": "s3", "RCLONE_CONFIG_BOX_PROVIDER": "Other",
            "RCLONE_CONFIG_BOX_ACCESS_KEY_ID": self.access_key, "RCLONE_CONFIG_BOX_SECRET_ACCESS_KEY": self.secret_key,
            "RCLONE_CONFIG_BOX_ENDPOINT": self.url, "RCLONE_CONFIG_BOX_REGION": REGION, "RCLONE_S3_CHUNK_SIZE": "5M",
            "RCLONE_S3_UPLOAD_CUTOFF": "5M"}

    def run(self, *arguments, fails=False, timeout=300):
        done = subprocess.run([program(arguments[0]), *arguments[1:]], env=self.environment(), capture_output=True,
                              text=True, timeout=timeout, cwd=self.folder)
        assert (done.returncode != 0) == fails, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def s3cmd(self, *arguments):
        config = self.folder / "s3cfg"
        config.write_text(
            f"[default]\naccess_key = {self.access_key}\nsecret_key = {self.secret_key}\nuse_https = False\n"
            f"bucket_location = {REGION}\nmultipart_chunk_size_mb = 5\n{self.s3cmd_settings}")
        return self.run("s3cmd", "--config", str(config), "--no-progress", *arguments)

    def keys(self, prefix=""):
        """Of the objects in the folder, as seen from it."""
        return sorted(entry["Key"].removeprefix(self.base) for page in self.s3.get_paginator(
            "list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.base + prefix) for entry in page.get("Contents", []))

    def object(self, key):
        return {"Bucket": self.bucket, "Key": self.base + key}


@pytest.fixture
def store(sandbox, tmp_path):
    host = sandbox.url.removeprefix("http://")
    return Place(sandbox, tmp_path, sandbox.url, sandbox.bucket(REGION), (ACCESS_KEY, SECRET_KEY),
                 s3cmd=f"host_base = {host}\nhost_bucket = {host}\n")


@pytest.fixture(scope="module")
def lake(sandbox, tmp_path_factory):
    """A gateway before a bucket of the sandbox, that bucket's integration, and the profile and key of who may write."""
    with serving(sandbox, tmp_path_factory.mktemp("gateway"), SLUICE_S3P_DOMAIN=DOMAIN) as sluice:
        yield sluice, sluice.integrate(sandbox.bucket(REGION)), sluice.person("writer"), sluice.key("writer")


@pytest.fixture
def gateway(sandbox, lake, tmp_path):
    """A data source of its own."""
    sluice, integration, writer, key = lake
    name = f"lake-{uuid.uuid4()}"
    [source] = sluice.register(integration, **{name: f"{name}/"})
    sluice.give(source, writer, "WRITE")
    # Where endpoints have no path, hosts lead to the bucket; the server stands in for the proxy that knows them.
    return Place(sandbox, tmp_path, f"{sluice.url}/s3p", "immuta", (key, "immuta"), base=sluice.folder(source) + "/",
                 s3cmd=f"host_base = {DOMAIN}\nhost_bucket = %(bucket)s.{DOMAIN}\nproxy_host = 127.0.0.1\n"
                       f"proxy_port = {sluice.port}\n")


@pytest.fixture(params=["store", "gateway"])
def place(request):
    return request.getfixturevalue(request.param)


def content(size, seed=1):
    return random.Random(seed).randbytes(size)


@pytest.fixture
def tree(tmp_path):
    """A folder of small files, and one of three parts."""
    root = tmp_path / "tree"
    for index, name in enumerate(NAMES):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"" if name.endswith("empty") else content(1_000 * (index + 1), index))
    (root / "large").write_bytes(content(2 * PART + 17))
    return root


def same(left, right):
    """Whether two folders have the same files with the same bytes."""
    files = [sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
             for root in (left, right)]
    assert files[0] == files[1]
    return filecmp.cmpfiles(left, right, files[0], shallow=False)[1:] == ([], [])


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# AWS CLI


def test_aws_s3_sync_there_and_back(place, tree, tmp_path):
    at = f"{place.at}tree"
    place.run("aws", "s3", "sync", str(tree), at)
    assert place.keys() == sorted(f"tree/{name}" for name in [*NAMES, "large"])
    assert place.run("aws", "s3", "sync", str(tree), at) == ""
    place.run("aws", "s3", "sync", at, str(tmp_path / "back"))
    assert same(tree, tmp_path / "back")
    (tree / "top.txt").unlink()
    place.run("aws", "s3", "sync", "--delete", str(tree), at)
    assert "tree/top.txt" not in place.keys()
    place.run("aws", "s3", "mv", f"{at}/large", f"{place.at}moved")
    assert place.keys("moved") == ["moved"]
    place.run("aws", "s3", "rm", "--recursive", place.at)
    assert place.keys() == []


def test_aws_s3_removes_a_bucket(store):
    assert store.run("aws", "s3", "rb", f"s3://{store.bucket}") == f"remove_bucket: {store.bucket}\n"


LARGE = [pytest.param(4 * PART + 1, id="20 MiB"), pytest.param(5 << 30, id="5 GiB", marks=pytest.mark.slow)]


@pytest.mark.parametrize("size", LARGE)
def test_aws_s3_cp_in_parts(place, tmp_path, size):
    file, back = tmp_path / "large", tmp_path / "back"
    with file.open("wb") as stream:
        for seed in range(size // (64 * MEBIBYTE)):
            stream.write(content(64 * MEBIBYTE, seed))
        stream.write(content(size - stream.tell(), -1))
    place.run("aws", "s3", "cp", "--only-show-errors", str(file), f"{place.at}large", timeout=3_600)
    head = place.s3.head_object(**place.object("large"))
    assert head["ContentLength"] == size
    assert head["ETag"].endswith(f'-{-(-size // PART)}"')
    place.run("aws", "s3", "cp", "--only-show-errors", f"{place.at}large", str(back), timeout=3_600)
    assert digest(file) == digest(back)


def test_aws_s3_through_pipes(place, tmp_path):
    command = f"{program('aws')} s3 cp - {place.at}pipe && {program('aws')} s3 cp {place.at}pipe -"
    done = subprocess.run(command, shell=True, env=place.environment(), input=content(PART + 1), capture_output=True,
                          timeout=300)
    assert done.stdout == content(PART + 1), done.stderr


def api(place, command, *arguments):
    answer = place.run("aws", "s3api", command, "--bucket", place.bucket, *arguments, "--output", "json")
    return json.loads(answer) if answer.strip() else None


def test_aws_s3api(place, tmp_path):
    body, back = tmp_path / "body", tmp_path / "back"
    body.write_bytes(b"some bytes")
    at = ("--key", f"{place.base}k")
    etag = api(place, "put-object", *at, "--body", str(body), "--checksum-algorithm", "SHA256", "--metadata", "by=cli")[
        "ETag"]
    assert api(place, "head-object", *at)["Metadata"] == {"by": "cli"}
    assert api(place, "get-object", *at, str(back), "--checksum-mode", "ENABLED")["ETag"] == etag
    assert back.read_bytes() == b"some bytes"
    api(place, "get-object", *at, str(back), "--range", "bytes=5-")
    assert back.read_bytes() == b"bytes"
    assert api(place, "copy-object", "--key", f"{place.base}copy", "--copy-source", f"{place.bucket}/{place.base}k")[
        "CopyObjectResult"]["ETag"] == etag
    upload = ("--upload-id", api(place, "create-multipart-upload", *at)["UploadId"])
    part = api(place, "upload-part", *at, *upload, "--part-number", "1", "--body", str(body))
    assert len(api(place, "list-parts", *at, *upload)["Parts"]) == 1
    uploads = api(place, "list-multipart-uploads", *(("--prefix", place.base) if place.base else ()))["Uploads"]
    assert uploads[0]["Key"] == f"{place.base}k"
    done = api(place, "complete-multipart-upload", *at, *upload, "--multipart-upload",
               json.dumps({"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}))
    assert done["ETag"].endswith('-1"')
    names = [f"{place.base}copy", f"{place.base}k"]
    for command in ("list-objects", "list-objects-v2"):
        assert api(place, command, "--prefix", place.base, "--query", "Contents[].Key") == names
    deleted = api(place, "delete-objects", "--delete", json.dumps({"Objects": [{"Key": name} for name in names]}))
    assert [entry["Key"] for entry in deleted["Deleted"]] == names
    url = place.run("aws", "s3", "presign", f"{place.at}none").strip()
    assert subprocess.run([program("curl"), "-s", "-o", os.devnull, "-w", "%{http_code}", url], capture_output=True,
                          text=True).stdout == "404"


def test_aws_s3api_tags_access_and_versions(store, tmp_path):
    body = tmp_path / "body"
    body.write_bytes(b"some bytes")
    at = ("--key", "k")
    api(store, "put-object", *at, "--body", str(body))
    api(store, "put-object-tagging", *at, "--tagging", "TagSet=[{Key=a,Value=b}]")
    assert api(store, "get-object-tagging", *at)["TagSet"] == [{"Key": "a", "Value": "b"}]
    api(store, "put-object-acl", *at, "--acl", "public-read")
    assert len(api(store, "get-object-acl", *at)["Grants"]) == 2
    api(store, "put-bucket-versioning", "--versioning-configuration", "Status=Enabled")
    version = api(store, "put-object", *at, "--body", str(body))["VersionId"]
    assert [entry["VersionId"] for entry in api(store, "list-object-versions", "--prefix", "k")["Versions"]] == [
        version, "null"]
    deleted = api(store, "delete-objects", "--delete", "Objects=[{Key=copy},{Key=k}]")["Deleted"]
    assert [entry["DeleteMarker"] for entry in deleted] == [True, True]


# boto3's transfer manager


def test_boto3_transfers_many_parts_at_once(place, tmp_path):
    manager = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART, max_concurrency=8, io_chunksize=1 << 16)
    file = tmp_path / "file"
    file.write_bytes(content(9 * PART + 3))
    progress = []
    place.s3.upload_file(str(file), *place.object("file").values(), Config=manager, Callback=progress.append,
                         ExtraArgs={"ContentType": "text/plain", "ChecksumAlgorithm": "SHA256"})
    assert sum(progress) == file.stat().st_size
    assert place.s3.head_object(**place.object("file"))["ContentType"] == "text/plain"
    place.s3.copy(place.object("file"), *place.object("copy").values(), Config=manager)
    for key in ("file", "copy"):
        place.s3.download_file(*place.object(key).values(), str(tmp_path / key), Config=manager)
        assert digest(tmp_path / key) == digest(file)
    left = place.s3.list_multipart_uploads(Bucket=place.bucket, **({"Prefix": place.base} if place.base else {}))
    assert left.get("Uploads", []) == []


# s3cmd


def test_s3cmd(place, tree, tmp_path):
    at = f"{place.at}tree"
    assert f"s3://{place.bucket}\n" in place.s3cmd("ls")
    place.s3cmd("sync", f"{tree}/", f"{at}/")
    listed = place.s3cmd("ls", "--recursive", place.at)
    assert all(f"{at}/{name}\n" in listed for name in [*NAMES, "large"])
    place.s3cmd("sync", f"{at}/", f"{tmp_path / 'back'}/")
    assert same(tree, tmp_path / "back")
    place.s3cmd("cp", f"{at}/top.txt", f"{place.at}copy")
    place.s3cmd("mv", f"{place.at}copy", f"{place.at}moved")
    place.s3cmd("get", f"{place.at}moved", str(tmp_path / "moved"))
    assert (tmp_path / "moved").read_bytes() == (tree / "top.txt").read_bytes()
    place.s3cmd("modify", "--add-header", "Cache-Control: max-age=1", f"{place.at}moved")
    assert place.s3.head_object(**place.object("moved"))["CacheControl"] == "max-age=1"
    assert place.s3cmd("du", place.at).split()[1] == str(len(NAMES) + 2)
    place.s3cmd("del", "--recursive", "--force", place.at)
    assert place.keys() == []


def test_s3cmd_makes_and_removes_buckets_and_gives_access(store, tmp_path):
    at = f"s3://s3cmd-{uuid.uuid4()}"
    file = tmp_path / "file"
    file.write_bytes(b"bytes")
    store.s3cmd("mb", at)
    assert at in store.s3cmd("ls")
    store.s3cmd("put", str(file), f"{at}/file")
    store.s3cmd("setacl", "--acl-public", f"{at}/file")
    assert "*anon*: READ" in store.s3cmd("info", f"{at}/file")
    store.s3cmd("del", f"{at}/file")
    store.s3cmd("rb", at)


# rclone


def test_rclone_copies_checks_and_lists(place, tree, tmp_path):
    base = f"box:{place.bucket}/{place.base}"
    at = f"{base}tree"
    place.run("rclone", "copy", str(tree), at)
    assert place.keys() == sorted(f"tree/{name}" for name in [*NAMES, "large"])
    place.run("rclone", "check", str(tree), at)
    place.run("rclone", "check", "--download", str(tree), at)
    listed = place.run("rclone", "ls", at).splitlines()
    assert sorted(line.split(maxsplit=1)[1] for line in listed) == sorted([*NAMES, "large"])
    assert place.run("rclone", "lsf", "--dirs-only", at).splitlines() == sorted(
        f"{name}/" for name in {name.partition("/")[0] for name in NAMES if "/" in name})
    place.run("rclone", "copy", at, str(tmp_path / "back"))
    assert same(tree, tmp_path / "back")
    place.run("rclone", "copyto", f"{at}/large", f"{base}copied/large")
    place.run("rclone", "check", "--one-way", f"{base}copied", at)
    (tree / "top.txt").write_bytes(b"another")
    place.run("rclone", "check", str(tree), at, fails=True)
    place.run("rclone", "sync", str(tree), at)
    place.run("rclone", "check", str(tree), at)
    place.run("rclone", "purge", at)
    assert place.keys() == ["copied/large"]


def test_rclone_removes_a_bucket(store, tree):
    store.run("rclone", "copy", str(tree), f"box:{store.bucket}")
    store.run("rclone", "purge", f"box:{store.bucket}")
    assert store.bucket not in [entry["Name"] for entry in store.s3.list_buckets()["Buckets"]]


# curl with presigned URLs


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_curl_with_presigned_urls(place, tmp_path, version):
    s3 = place.client(signature_version=version)
    at = place.object("a key/with ünï & + signs")

    def url(operation, seconds=60, **parameters):
        return s3.generate_presigned_url(operation, Params={**at, **parameters}, ExpiresIn=seconds)

    def curl(*arguments):
        done = subprocess.run([program("curl"), "-s", "-w", "\n%{http_code}", *arguments], capture_output=True,
                              text=True, timeout=60)
        body, _, status = done.stdout.rpartition("\n")
        return int(status), body

    file = tmp_path / "file"
    file.write_bytes(b"0123456789")
    assert curl("-T", str(file), url("put_object")) == (200, "")
    assert curl(url("get_object")) == (200, "0123456789")
    assert curl("-r", "3-5", url("get_object")) == (206, "345")
    status, head = curl("-I", url("head_object"))
    assert (status, "Content-Length: 10" in head) == (200, True)
    status, head = curl("-o", os.devnull, "-D", "-", url("get_object", ResponseContentType="text/csv"))
    assert (status, "Content-Type: text/csv" in head) == (200, True)
    status, body = curl(url("get_object").replace("key", "kez"))
    assert (status, "<Code>SignatureDoesNotMatch</Code>" in body) == (403, True)
    status, body = curl(url("get_object", seconds=-10) if version == "s3" else url("get_object") + "0")
    assert (status, "<Code>AccessDenied</Code>" in body or "SignatureDoesNotMatch" in body) == (403, True)
    assert curl("-X", "DELETE", url("delete_object")) == (204, "")
    assert curl(url("get_object"))[0] == 404


def test_curl_keeps_the_body_that_is_refused(place, tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"0123456789")
    url = place.s3.generate_presigned_url("put_object", Params=place.object("key"), ExpiresIn=60)

    def put(url, *arguments):
        """The statuses received, and how many bytes of the body were sent."""
        done = subprocess.run(
            [program("curl"), "-s", "-o", os.devnull, "-D", "-", "-w", "%{size_upload}", "--expect100-timeout", "60",
             "-H", "Expect: 100-continue", "-T", str(file), *arguments, url],
            capture_output=True, text=True, timeout=60)
        lines = done.stdout.splitlines()
        return [line.split()[1] for line in lines if line.startswith("HTTP/")], int(lines[-1])

    assert put(url) == (["100", "200"], 10)
    assert put(url + "0") == (["403"], 0)
    # What is upstream of the gateway decides on a condition when it has the body.
    assert put(url, "-H", "If-None-Match: *") == ((["412"], 0) if place.url == place.sandbox.url else (["100", "412"], 10))


def test_boto3_completes_with_the_checksum_of_the_object(place):
    at = {"Bucket": place.bucket, "Key": f"{place.base}whole"}
    pieces = [random.Random(3).randbytes(PART), b"the end"]
    whole = base64.b64encode(zlib.crc32(b"".join(pieces)).to_bytes(4, "big")).decode()
    wrong = base64.b64encode(bytes(4)).decode()
    upload = place.s3.create_multipart_upload(
        **at, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")["UploadId"]
    parts = [{"PartNumber": number, "ETag": place.s3.upload_part(
        **at, UploadId=upload, PartNumber=number, Body=piece)["ETag"]} for number, piece in enumerate(pieces, 1)]
    wish = {**at, "UploadId": upload, "MultipartUpload": {"Parts": parts}, "ChecksumType": "FULL_OBJECT"}
    with pytest.raises(ClientError) as refusal:
        place.s3.complete_multipart_upload(**wish, ChecksumCRC32=wrong)
    assert refusal.value.response["Error"]["Code"] == "BadDigest"
    done = place.s3.complete_multipart_upload(**wish, ChecksumCRC32=whole)
    assert (done["ChecksumCRC32"], done["ChecksumType"]) == (whole, "FULL_OBJECT")
    assert place.s3.head_object(**at, ChecksumMode="ENABLED")["ChecksumCRC32"] == whole


def test_boto3_goes_on_after_an_empty_or_a_refused_object(place):
    """On one connection, with bodies that wait to be asked for."""
    s3 = place.client(read_timeout=20, max_pool_connections=1)
    at = place.object("key")
    for body in (b"", b"one", b"", b"x" * 100_000, b""):
        s3.put_object(**at, Body=body)
        assert s3.get_object(**at)["Body"].read() == body
        with pytest.raises(ClientError, match="PreconditionFailed"):
            s3.put_object(**at, Body=body, IfNoneMatch="*")
