"""The manual's calls against the sandbox, plain and with a certificate of an own authority; answers as moto gives them."""

import shutil
import ssl
import urllib.request
import uuid

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from authority import Authority
from conftest import ACCESS_KEY, SECRET_KEY
from programs import Program
from s3_manual import walk_client
from s3_manual_resource import walk_resource

REGION = "us-east-1"
# Where moto does not do as S3 does, and how.
MOTO_DIFFERS_BY_CLIENT = {
    "create_bucket with a bad name": "takes any name",
    "list_buckets in pages": "shows the first page alone",
    "put_object with a wrong MD5": "does not look at Content-MD5",
    "get_object with other headers": "does not know response-…",
    "copy_object if another tag": "does not know the conditions of a source",
    "list_objects of two": "has a NextMarker without a delimiter, and it is no key",
    "list_objects in pages": "has keys before common prefixes, in a page of one",
    "list_objects after a marker": "does not repeat the marker",
    "get_object_acl of grants": "shows the last of two grants alone",
    "complete_multipart_upload out of order": "looks at the parts' sizes first",
    "complete_multipart_upload": "names a version where there are none",
    "get_object of a part": "gives the whole object",
    "delete_objects quietly": "is not quiet",
    "get_object of a marker": "does not find a delete marker",
    "delete_object of a marker": "does not say that it was one",
    "delete_objects of versions": "deletes one of them",
}
MOTO_DIFFERS_BY_RESOURCE = {
    "object_versions.delete": "fails at a delete marker",
    "delete": "still has the versions that were to be deleted",
}
# Said by some and left out by others; S3 itself did both over the years.
UNSAID = {"ServerSideEncryption", "ChecksumType", "ChecksumCRC64NVME", "ChecksumCRC32", "BucketArn", "BucketRegion",
          "ChecksumAlgorithm", "Initiator", "Owner", "EncodingType", "DisplayName"}


class Endpoint:
    """A server as the manual's user describes it to boto3."""

    def __init__(self, url, verify=None):
        self.url, self.verify = url, verify

    def make(self, kind, region=REGION, **options):
        session = boto3.session.Session(aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY)
        return getattr(session, kind)(
            service_name="s3", endpoint_url=self.url, region_name=region, use_ssl=self.url.startswith("https"),
            verify=self.verify, config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, **options))

    def open(self, request):
        context = ssl.create_default_context(cafile=self.verify) if self.verify else None
        return urllib.request.urlopen(request, context=context, timeout=30)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command makes the certificates, and it is missing")
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def plain(sandbox):
    return Endpoint(sandbox.url)


@pytest.fixture(scope="module")
def encrypted(authority):
    with Program("sandbox", "--hostname", "127.0.0.1", "--port", "0", "--tls-certificate",
                 authority.server_certificate, "--tls-key", authority.server_key) as program:
        yield Endpoint(f"https://127.0.0.1:{program.port}", authority.certificate)


@pytest.fixture(scope="module")
def moto():
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield Endpoint(f"http://{host}:{port}")
    server.stop()


def by_client(endpoint, folder):
    return walk_client(endpoint.make("client"), endpoint.make("client"), f"manual-{uuid.uuid4()}", REGION, folder,
                       endpoint.open)


def by_client_of_version_4(endpoint, folder):
    """As `by_client`, with presigned URLs of Signature Version 4: boto3's own choice is Version 2."""
    return walk_client(endpoint.make("client"), endpoint.make("client", signature_version="s3v4"),
                       f"manual-{uuid.uuid4()}", REGION, folder, endpoint.open)


def by_resource(endpoint, folder):
    return walk_resource(endpoint.make("resource"), f"manual-{uuid.uuid4()}", REGION, folder)


def compared(answer):
    """The answer without what is left out by some, and with grants in one order."""
    if isinstance(answer, dict):
        members = {name: compared(value) for name, value in answer.items() if name not in UNSAID and value != ""}
        return members | ({"Grants": sorted(members["Grants"], key=str)} if "Grants" in members else {})
    return [compared(member) for member in answer] if isinstance(answer, list) else answer


def differences(ours, theirs, excepted):
    return {label: (compared(ours[label]), compared(theirs[label])) for label in ours
            if label not in excepted and compared(ours[label]) != compared(theirs[label])}


@pytest.mark.parametrize("walk, excepted", [
    (by_client, MOTO_DIFFERS_BY_CLIENT), (by_client_of_version_4, MOTO_DIFFERS_BY_CLIENT), (by_resource, MOTO_DIFFERS_BY_RESOURCE),
])
def test_the_manual_is_answered_as_by_moto(plain, moto, tmp_path, walk, excepted):
    ours, theirs = walk(plain, tmp_path), walk(moto, tmp_path)
    assert list(ours) == list(theirs)
    assert differences(ours, theirs, excepted) == {}
    agreed = [label for label in excepted if compared(ours[label]) == compared(theirs[label])]
    assert agreed == [], "moto does as S3 does by now"


@pytest.mark.parametrize("walk", [by_client, by_resource])
def test_the_manual_is_answered_alike_with_an_own_authority(plain, encrypted, tmp_path, walk):
    assert walk(plain, tmp_path) == walk(encrypted, tmp_path)


def test_a_certificate_of_an_unknown_authority_is_refused(encrypted):
    with pytest.raises(Exception, match="CERTIFICATE_VERIFY_FAILED"):
        Endpoint(encrypted.url).make("client").list_buckets()


def test_a_certificate_is_not_looked_at_when_the_client_says_so(encrypted):
    with pytest.warns(match="Unverified HTTPS request"):
        assert Endpoint(encrypted.url, False).make("client").list_buckets()["Buckets"]


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-3", "local", "anything-1", "ANY"])
def test_any_region_will_do(plain, region):
    client = plain.make("client", region)
    bucket = f"manual-{uuid.uuid4()}"
    client.create_bucket(Bucket=bucket)
    client.put_object(Bucket=bucket, Key="x", Body=b"x")
    assert client.get_object(Bucket=bucket, Key="x")["Body"].read() == b"x"
