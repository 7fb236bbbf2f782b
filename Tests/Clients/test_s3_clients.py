"""What people use S3 with, against the sandbox: AWS CLI, boto3's transfer manager, s3cmd, rclone, and curl."""

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

import boto3
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

from conftest import ACCESS_KEY, SECRET_KEY

REGION = "us-east-1"
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


class Store:
    """A bucket of a sandbox, and the settings by which each program finds it."""

    def __init__(self, sandbox, folder):
        self.sandbox, self.folder, self.url = sandbox, folder, sandbox.url
        self.bucket = sandbox.bucket(REGION)
        self.s3 = sandbox.client("s3", REGION)

    def environment(self):
        config = self.folder / "aws.config"
        config.write_text("[default]\ns3 =\n  multipart_threshold = 5MB\n  multipart_chunksize = 5MB\n"
                          "  addressing_style = path\n")
        return self.sandbox.environment(REGION) | {
            "AWS_CONFIG_FILE": str(config), "RCLONE_CONFIG": os.devnull, "RCLONE_CONFIG_BOX_TYPE": "s3",
            "RCLONE_CONFIG_BOX_PROVIDER": "Other", "RCLONE_CONFIG_BOX_ACCESS_KEY_ID": ACCESS_KEY,
            "RCLONE_CONFIG_BOX_SECRET_ACCESS_KEY": SECRET_KEY, "RCLONE_CONFIG_BOX_ENDPOINT": self.url,
            "RCLONE_CONFIG_BOX_REGION": REGION, "RCLONE_S3_CHUNK_SIZE": "5M", "RCLONE_S3_UPLOAD_CUTOFF": "5M"}

    def run(self, *arguments, fails=False, timeout=300):
        done = subprocess.run([program(arguments[0]), *arguments[1:]], env=self.environment(), capture_output=True,
                              text=True, timeout=timeout, cwd=self.folder)
        assert (done.returncode != 0) == fails, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def s3cmd(self, *arguments):
        config = self.folder / "s3cfg"
        host = self.url.removeprefix("http://")
        config.write_text(
            f"[default]\naccess_key = {ACCESS_KEY}\nsecret_key = {SECRET_KEY}\nhost_base = {host}\n"
            f"host_bucket = {host}\nuse_https = False\nbucket_location = {REGION}\nmultipart_chunk_size_mb = 5\n")
        return self.run("s3cmd", "--config", str(config), "--no-progress", *arguments)

    def keys(self, prefix=""):
        return sorted(entry["Key"] for page in self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=prefix) for entry in page.get("Contents", []))


@pytest.fixture
def store(sandbox, tmp_path):
    return Store(sandbox, tmp_path)


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


def test_aws_s3_sync_there_and_back(store, tree, tmp_path):
    place = f"s3://{store.bucket}/tree"
    store.run("aws", "s3", "sync", str(tree), place)
    assert store.keys() == sorted(f"tree/{name}" for name in [*NAMES, "large"])
    assert store.run("aws", "s3", "sync", str(tree), place) == ""
    store.run("aws", "s3", "sync", place, str(tmp_path / "back"))
    assert same(tree, tmp_path / "back")
    (tree / "top.txt").unlink()
    store.run("aws", "s3", "sync", "--delete", str(tree), place)
    assert "tree/top.txt" not in store.keys()
    store.run("aws", "s3", "mv", f"{place}/large", f"s3://{store.bucket}/moved")
    assert store.keys("moved") == ["moved"]
    store.run("aws", "s3", "rm", "--recursive", f"s3://{store.bucket}")
    assert store.keys() == []
    assert store.run("aws", "s3", "rb", f"s3://{store.bucket}") == f"remove_bucket: {store.bucket}\n"


LARGE = [pytest.param(4 * PART + 1, id="20 MiB"), pytest.param(5 << 30, id="5 GiB", marks=pytest.mark.slow)]


@pytest.mark.parametrize("size", LARGE)
def test_aws_s3_cp_in_parts(store, tmp_path, size):
    file, back = tmp_path / "large", tmp_path / "back"
    with file.open("wb") as stream:
        for seed in range(size // (64 * MEBIBYTE)):
            stream.write(content(64 * MEBIBYTE, seed))
        stream.write(content(size - stream.tell(), -1))
    store.run("aws", "s3", "cp", "--only-show-errors", str(file), f"s3://{store.bucket}/large", timeout=3_600)
    head = store.s3.head_object(Bucket=store.bucket, Key="large")
    assert head["ContentLength"] == size
    assert head["ETag"].endswith(f'-{-(-size // PART)}"')
    store.run("aws", "s3", "cp", "--only-show-errors", f"s3://{store.bucket}/large", str(back), timeout=3_600)
    assert digest(file) == digest(back)


def test_aws_s3_through_pipes(store, tmp_path):
    command = f"{program('aws')} s3 cp - s3://{store.bucket}/pipe && {program('aws')} s3 cp s3://{store.bucket}/pipe -"
    done = subprocess.run(command, shell=True, env=store.environment(), input=content(PART + 1), capture_output=True,
                          timeout=300)
    assert done.stdout == content(PART + 1), done.stderr


def test_aws_s3api(store, tmp_path):
    body = tmp_path / "body"
    body.write_bytes(b"some bytes")
    at = ("--bucket", store.bucket, "--key", "k")

    def api(command, *arguments):
        answer = store.run("aws", "s3api", command, *arguments, "--output", "json")
        return json.loads(answer) if answer.strip() else None

    etag = api("put-object", *at, "--body", str(body), "--checksum-algorithm", "SHA256", "--metadata", "by=cli")["ETag"]
    assert api("head-object", *at)["Metadata"] == {"by": "cli"}
    assert api("get-object", *at, str(tmp_path / "back"), "--checksum-mode", "ENABLED")["ETag"] == etag
    assert (tmp_path / "back").read_bytes() == b"some bytes"
    api("get-object", *at, str(tmp_path / "back"), "--range", "bytes=5-")
    assert (tmp_path / "back").read_bytes() == b"bytes"
    assert api("copy-object", "--bucket", store.bucket, "--key", "copy", "--copy-source", f"{store.bucket}/k")[
        "CopyObjectResult"]["ETag"] == etag
    api("put-object-tagging", *at, "--tagging", "TagSet=[{Key=a,Value=b}]")
    assert api("get-object-tagging", *at)["TagSet"] == [{"Key": "a", "Value": "b"}]
    api("put-object-acl", *at, "--acl", "public-read")
    assert len(api("get-object-acl", *at)["Grants"]) == 2
    api("put-bucket-versioning", "--bucket", store.bucket, "--versioning-configuration", "Status=Enabled")
    version = api("put-object", *at, "--body", str(body))["VersionId"]
    assert [entry["VersionId"] for entry in api("list-object-versions", "--bucket", store.bucket, "--prefix", "k")[
        "Versions"]] == [version, "null"]
    upload = ("--upload-id", api("create-multipart-upload", *at)["UploadId"])
    part = api("upload-part", *at, *upload, "--part-number", "1", "--body", str(body))
    assert len(api("list-parts", *at, *upload)["Parts"]) == 1
    assert api("list-multipart-uploads", "--bucket", store.bucket)["Uploads"][0]["Key"] == "k"
    done = api("complete-multipart-upload", *at, *upload, "--multipart-upload",
               json.dumps({"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}))
    assert done["ETag"].endswith('-1"')
    assert api("list-objects-v2", "--bucket", store.bucket, "--query", "Contents[].Key") == ["copy", "k"]
    deleted = api("delete-objects", "--bucket", store.bucket, "--delete", "Objects=[{Key=copy},{Key=k}]")["Deleted"]
    assert [entry["DeleteMarker"] for entry in deleted] == [True, True]
    url = store.run("aws", "s3", "presign", f"s3://{store.bucket}/none").strip()
    assert subprocess.run([program("curl"), "-s", "-o", os.devnull, "-w", "%{http_code}", url], capture_output=True,
                          text=True).stdout == "404"


# boto3's transfer manager


def test_boto3_transfers_many_parts_at_once(store, tmp_path):
    manager = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART, max_concurrency=8, io_chunksize=1 << 16)
    file = tmp_path / "file"
    file.write_bytes(content(9 * PART + 3))
    progress = []
    store.s3.upload_file(str(file), store.bucket, "file", Config=manager, Callback=progress.append,
                         ExtraArgs={"ContentType": "text/plain", "ChecksumAlgorithm": "SHA256"})
    assert sum(progress) == file.stat().st_size
    assert store.s3.head_object(Bucket=store.bucket, Key="file")["ContentType"] == "text/plain"
    store.s3.copy({"Bucket": store.bucket, "Key": "file"}, store.bucket, "copy", Config=manager)
    for key in ("file", "copy"):
        store.s3.download_file(store.bucket, key, str(tmp_path / key), Config=manager)
        assert digest(tmp_path / key) == digest(file)
    assert store.s3.list_multipart_uploads(Bucket=store.bucket).get("Uploads", []) == []


# s3cmd


def test_s3cmd(store, tree, tmp_path):
    bucket = f"s3cmd-{uuid.uuid4()}"
    place = f"s3://{bucket}"
    store.s3cmd("mb", place)
    assert place in store.s3cmd("ls")
    store.s3cmd("sync", f"{tree}/", f"{place}/tree/")
    listed = store.s3cmd("ls", "--recursive", place)
    assert all(f"{place}/tree/{name}\n" in listed for name in [*NAMES, "large"])
    store.s3cmd("sync", f"{place}/tree/", f"{tmp_path / 'back'}/")
    assert same(tree, tmp_path / "back")
    store.s3cmd("cp", f"{place}/tree/top.txt", f"{place}/copy")
    store.s3cmd("mv", f"{place}/copy", f"{place}/moved")
    store.s3cmd("get", f"{place}/moved", str(tmp_path / "moved"))
    assert (tmp_path / "moved").read_bytes() == (tree / "top.txt").read_bytes()
    store.s3cmd("setacl", "--acl-public", f"{place}/moved")
    assert "*anon*: READ" in store.s3cmd("info", f"{place}/moved")
    store.s3cmd("modify", "--add-header", "Cache-Control: max-age=1", f"{place}/moved")
    assert store.s3.head_object(Bucket=bucket, Key="moved")["CacheControl"] == "max-age=1"
    assert store.s3cmd("du", place).split()[1] == str(len(NAMES) + 2)
    store.s3cmd("del", "--recursive", "--force", place)
    store.s3cmd("rb", place)


# rclone


def test_rclone_copies_checks_and_lists(store, tree, tmp_path):
    place = f"box:{store.bucket}/tree"
    store.run("rclone", "copy", str(tree), place)
    assert store.keys() == sorted(f"tree/{name}" for name in [*NAMES, "large"])
    store.run("rclone", "check", str(tree), place)
    store.run("rclone", "check", "--download", str(tree), place)
    listed = store.run("rclone", "ls", place).splitlines()
    assert sorted(line.split(maxsplit=1)[1] for line in listed) == sorted([*NAMES, "large"])
    assert store.run("rclone", "lsf", "--dirs-only", place).splitlines() == sorted(
        f"{name}/" for name in {name.partition("/")[0] for name in NAMES if "/" in name})
    store.run("rclone", "copy", place, str(tmp_path / "back"))
    assert same(tree, tmp_path / "back")
    store.run("rclone", "copyto", f"{place}/large", f"box:{store.bucket}/copied/large")
    store.run("rclone", "check", "--one-way", f"box:{store.bucket}/copied", place)
    (tree / "top.txt").write_bytes(b"another")
    store.run("rclone", "check", str(tree), place, fails=True)
    store.run("rclone", "sync", str(tree), place)
    store.run("rclone", "check", str(tree), place)
    store.run("rclone", "purge", f"box:{store.bucket}")
    assert store.bucket not in [entry["Name"] for entry in store.s3.list_buckets()["Buckets"]]


# curl with presigned URLs


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_curl_with_presigned_urls(store, tmp_path, version):
    s3 = boto3.session.Session().client(
        "s3", endpoint_url=store.url, region_name=REGION, aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY, config=Config(signature_version=version, s3={"addressing_style": "path"}))
    at = {"Bucket": store.bucket, "Key": "a key/with ünï & + signs"}

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
    status, head = curl("-I", url("head_object", ))
    assert (status, "Content-Length: 10" in head) == (200, True)
    status, head = curl("-o", os.devnull, "-D", "-", url("get_object", ResponseContentType="text/csv"))
    assert (status, "Content-Type: text/csv" in head) == (200, True)
    status, body = curl(url("get_object").replace("key", "kez"))
    assert (status, "<Code>SignatureDoesNotMatch</Code>" in body) == (403, True)
    status, body = curl(url("get_object", seconds=-10) if version == "s3" else url("get_object") + "0")
    assert (status, "<Code>AccessDenied</Code>" in body or "SignatureDoesNotMatch" in body) == (403, True)
    assert curl("-X", "DELETE", url("delete_object")) == (204, "")
    assert curl(url("get_object"))[0] == 404


def test_curl_keeps_the_body_that_is_refused(store, tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"0123456789")
    url = store.s3.generate_presigned_url("put_object", Params={"Bucket": store.bucket, "Key": "key"}, ExpiresIn=60)

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
    assert put(url, "-H", "If-None-Match: *") == (["412"], 0)


def test_boto3_goes_on_after_an_empty_or_a_refused_object(store):
    """On one connection, with bodies that wait to be asked for."""
    s3 = store.sandbox.client("s3", REGION, read_timeout=20, max_pool_connections=1)
    for body in (b"", b"one", b"", b"x" * 100_000, b""):
        s3.put_object(Bucket=store.bucket, Key="key", Body=body)
        assert s3.get_object(Bucket=store.bucket, Key="key")["Body"].read() == body
        with pytest.raises(ClientError, match="PreconditionFailed"):
            s3.put_object(Bucket=store.bucket, Key="key", Body=body, IfNoneMatch="*")
