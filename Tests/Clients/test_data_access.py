"""What Sluice granted, two people read: with boto3, and with AWS's plugin for it; what it revoked, AWS refuses."""

import subprocess
import sys
import uuid

import pytest
from botocore.exceptions import ClientError

from conftest import ACCESS_KEY, ACCOUNT, ALICE, BOB, SECRET_KEY, Sandbox
from control_plane import REGION, serving
from programs import Program
from test_sandbox_access_grants_plugin import READER, REFUSED


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """The embedded AWS, a server that uses it, an integration of a new bucket in it, and the ids of two people."""
    with Program("sandbox", "--hostname", "127.0.0.1", "--port", "0") as aws:
        sandbox = Sandbox(aws.port)
        bucket = sandbox.bucket(REGION, "raw/a.txt", "other/b.txt", "other/c.txt")
        with serving(sandbox, tmp_path_factory.mktemp("data-access"), AWS_ACCESS_KEY_ID=ACCESS_KEY,
                     AWS_SECRET_ACCESS_KEY=SECRET_KEY) as sluice:
            integration = sluice.integrate(bucket, {"authenticationType": "auto"})
            people = [sluice.person(name, awsIamPrincipalArn=f"arn:aws:iam::{ACCOUNT}:user/{name}")
                      for name in ("alice", "bob")]
            yield sandbox, bucket, sluice, integration, *people


def register(sluice, integration, *prefixes):
    return sluice.register(integration, **{f"{prefix} {uuid.uuid4()}": prefix for prefix in prefixes})


def give(sluice, source, profile, access):
    sluice.give(source, profile, access)
    sluice.until(source, profile, "active", access)


def revoke(sluice, source, profile):
    sluice.revoke(source, profile)
    sluice.until(source, profile, None)


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

    give(sluice, source, alice, "READ")
    access = control.get_data_access(**wish, Permission="READ")
    assert access["MatchedGrantTarget"] == f"s3://{bucket}/raw/*"
    s3 = sandbox.client("s3", REGION, access["Credentials"])
    assert s3.get_object(Bucket=bucket, Key="raw/a.txt")["Body"].read() == b"raw/a.txt"
    assert refusal(s3.get_object, Bucket=bucket, Key="other/b.txt") == "AccessDenied"
    assert refusal(s3.put_object, Bucket=bucket, Key="raw/a.txt", Body=b"") == "AccessDenied"
    assert refusal(control.get_data_access, **wish, Permission="READWRITE") == "AccessDenied"

    give(sluice, source, alice, "WRITE")
    access = control.get_data_access(**wish, Permission="READWRITE")
    s3 = sandbox.client("s3", REGION, access["Credentials"])
    s3.put_object(Bucket=bucket, Key="raw/new.txt", Body=b"new")
    assert s3.get_object(Bucket=bucket, Key="raw/new.txt")["Body"].read() == b"new"
    s3.delete_object(Bucket=bucket, Key="raw/new.txt")

    revoke(sluice, source, alice)
    assert refusal(control.get_data_access, **wish, Permission="READ") == "AccessDenied"


def test_one_object_is_read_and_not_its_neighbour(stage):
    sandbox, bucket, sluice, integration, _, bob = stage
    [source] = register(sluice, integration, "other/c.txt")
    give(sluice, source, bob, "READ")
    control = sandbox.client("s3control", REGION, BOB)
    access = control.get_data_access(
        AccountId=ACCOUNT, Target=f"s3://{bucket}/other/c.txt", Permission="READ", TargetType="Object")
    s3 = sandbox.client("s3", REGION, access["Credentials"])
    assert s3.get_object(Bucket=bucket, Key="other/c.txt")["Body"].read() == b"other/c.txt"
    assert refusal(s3.get_object, Bucket=bucket, Key="other/b.txt") == "AccessDenied"
    revoke(sluice, source, bob)


def test_two_people_read_with_the_plugin_what_each_was_given(stage):
    sandbox, bucket, sluice, integration, alice, bob = stage
    raw, other = register(sluice, integration, "raw/*", "other/")
    give(sluice, raw, alice, "READ")
    give(sluice, other, bob, "WRITE")

    def reads(keys):
        done = subprocess.run([sys.executable, "-c", READER, bucket], env=sandbox.environment(REGION, keys),
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    assert reads(ALICE) == ["read raw raw/a.txt", "list raw ['raw/a.txt']", f"write raw {REFUSED}",
                            f"read other {REFUSED}", "vended"]
    assert reads(BOB) == [f"read raw {REFUSED}", f"list raw {REFUSED}", f"write raw {REFUSED}",
                          "read other other/b.txt", "vended"]
