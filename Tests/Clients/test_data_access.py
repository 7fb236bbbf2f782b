"""What Sluice granted, two people read: with boto3, and with AWS's plugin for it; what it revoked, AWS refuses."""

import json
import subprocess
import sys
import time
import urllib.request
import uuid

import pytest
from botocore.exceptions import ClientError

from conftest import ACCESS_KEY, ACCOUNT, ALICE, BOB, LOCATION_ROLE, SECRET_KEY, Sandbox
from programs import Program
from test_sandbox_access_grants_plugin import READER, REFUSED

KEY = "data-access-key-0123456789"
REGION = "us-east-1"


class Sluice:
    """The REST API, as the administrator."""

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}"

    def __call__(self, method, path, body=None):
        request = urllib.request.Request(
            self.url + path, method=method, data=body and json.dumps(body).encode(),
            headers={"Authorization": KEY, "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def person(self, name):
        answer = self("POST", "/bim/iam/bim/user", {
            "iamid": "bim", "userid": name, "permissions": [], "profile": {"name": name, "externalUserIds": {
                "awsIamPrincipalArn": f"arn:aws:iam::{ACCOUNT}:user/{name}"}}})
        return answer["newUser"]["profile"]["id"]

    def give(self, source, profile, access):
        self("POST", f"/dataSource/{source}/access",
             {"profileId": profile, "state": "subscribed", "accessGrant": access})
        self.until(source, profile, "active", access)

    def revoke(self, source, profile):
        self("DELETE", f"/dataSource/{source}/access/{profile}")
        self.until(source, profile, None)

    def until(self, source, profile, status, access=None):
        """Until the person's grant has that status; None: until the person has no access row."""
        seen, end = None, time.monotonic() + 30
        while time.monotonic() < end:
            users = self("GET", f"/dataSource/{source}/access")["users"]
            seen = next((user for user in users if user["profile"] == profile), None)
            if (seen and seen["grantStatus"]) == status and (not access or seen["accessGrant"] == access):
                return
            time.sleep(0.02)
        pytest.fail(f"wanted {status}, but there is {seen}")


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """The embedded AWS, a server that uses it, an integration of a new bucket in it, and the ids of two people."""
    folder = tmp_path_factory.mktemp("data-access")
    with Program("sandbox", "--hostname", "127.0.0.1", "--port", "0") as aws:
        sandbox = Sandbox(aws.port)
        bucket = sandbox.bucket(REGION, "raw/a.txt", "other/b.txt", "other/c.txt")
        with Program("serve", "--port", "0", "--database", str(folder / "sluice.db"), environment={
                "SLUICE_BOOTSTRAP_API_KEY": KEY, "SLUICE_LOG_LEVEL": "error", "AWS_ENDPOINT_URL": sandbox.url,
                "AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
                "AWS_REGION": REGION}) as server:
            sluice = Sluice(server.port)
            integration = sluice("POST", "/integrations", {"type": "Native S3", "autoBootstrap": False, "config": {
                "name": "lake", "awsAccountId": ACCOUNT, "awsRegion": REGION, "awsLocationRole": LOCATION_ROLE,
                "awsLocationPath": f"s3://{bucket}/", "authenticationType": "auto"}})["id"]
            assert sluice("GET", f"/integrations/{integration}/status?wait=30")["status"] == "enabled"
            yield sandbox, bucket, sluice, integration, sluice.person("alice"), sluice.person("bob")


def register(sluice, integration, *prefixes):
    made = sluice("POST", "/native-s3/handler", {"type": "Native S3", "integrationId": int(integration), "dataSources": [
        {"dataSourceName": f"{prefix} {uuid.uuid4()}", "prefix": prefix} for prefix in prefixes]})
    return [source["dataSourceId"] for source in (made if isinstance(made, list) else [made])]


def refusal(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"]


def test_a_reader_reads_with_boto3_until_it_is_revoked(stage):
    sandbox, bucket, sluice, integration, alice, _ = stage
    [source] = register(sluice, integration, "raw/")
    control = sandbox.client("s3control", REGION, ALICE)
    wish = {"AccountId": ACCOUNT, "Target": f"s3://{bucket}/raw/*"}
    assert refusal(control.get_data_access, **wish, Permission="READ") == "AccessDenied"

    sluice.give(source, alice, "READ")
    access = control.get_data_access(**wish, Permission="READ")
    assert access["MatchedGrantTarget"] == f"s3://{bucket}/raw/*"
    s3 = sandbox.client("s3", REGION, access["Credentials"])
    assert s3.get_object(Bucket=bucket, Key="raw/a.txt")["Body"].read() == b"raw/a.txt"
    assert refusal(s3.get_object, Bucket=bucket, Key="other/b.txt") == "AccessDenied"
    assert refusal(s3.put_object, Bucket=bucket, Key="raw/a.txt", Body=b"") == "AccessDenied"
    assert refusal(control.get_data_access, **wish, Permission="READWRITE") == "AccessDenied"

    sluice.give(source, alice, "WRITE")
    access = control.get_data_access(**wish, Permission="READWRITE")
    s3 = sandbox.client("s3", REGION, access["Credentials"])
    s3.put_object(Bucket=bucket, Key="raw/new.txt", Body=b"new")
    assert s3.get_object(Bucket=bucket, Key="raw/new.txt")["Body"].read() == b"new"
    s3.delete_object(Bucket=bucket, Key="raw/new.txt")

    sluice.revoke(source, alice)
    assert refusal(control.get_data_access, **wish, Permission="READ") == "AccessDenied"


def test_one_object_is_read_and_not_its_neighbour(stage):
    sandbox, bucket, sluice, integration, _, bob = stage
    [source] = register(sluice, integration, "other/c.txt")
    sluice.give(source, bob, "READ")
    control = sandbox.client("s3control", REGION, BOB)
    access = control.get_data_access(
        AccountId=ACCOUNT, Target=f"s3://{bucket}/other/c.txt", Permission="READ", TargetType="Object")
    s3 = sandbox.client("s3", REGION, access["Credentials"])
    assert s3.get_object(Bucket=bucket, Key="other/c.txt")["Body"].read() == b"other/c.txt"
    assert refusal(s3.get_object, Bucket=bucket, Key="other/b.txt") == "AccessDenied"
    sluice.revoke(source, bob)


def test_two_people_read_with_the_plugin_what_each_was_given(stage):
    sandbox, bucket, sluice, integration, alice, bob = stage
    raw, other = register(sluice, integration, "raw/*", "other/")
    sluice.give(raw, alice, "READ")
    sluice.give(other, bob, "WRITE")

    def reads(keys):
        done = subprocess.run([sys.executable, "-c", READER, bucket], env=sandbox.environment(REGION, keys),
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    assert reads(ALICE) == ["read raw raw/a.txt", "list raw ['raw/a.txt']", f"write raw {REFUSED}",
                            f"read other {REFUSED}", "vended"]
    assert reads(BOB) == [f"read raw {REFUSED}", f"list raw {REFUSED}", f"write raw {REFUSED}",
                          "read other other/b.txt", "vended"]
