"""AWS's own plugin for boto3 reads through S3 Access Grants: it finds the instance, asks GetDataAccess, and signs anew.

Two people read, whose own keys open no object: each gets what was granted to him or her and nothing of the other's.
"""

import subprocess
import sys

from conftest import ACCOUNT, ALICE, BOB, LOCATION_ROLE

READER = """
import sys
import boto3
from aws_s3_access_grants_boto3_plugin.s3_access_grants_plugin import S3AccessGrantsPlugin
from botocore.exceptions import ClientError

bucket = sys.argv[1]
s3 = boto3.client("s3")
S3AccessGrantsPlugin(s3, fallback_enabled=False).register()
used = []
s3.meta.events.register_last("before-send.s3", lambda request, **_: used.append(
    b"/ASIA" in request.headers["Authorization"].replace(b"Credential=", b"/")))
for name, call in {
    "read raw": lambda: s3.get_object(Bucket=bucket, Key="raw/a.txt")["Body"].read().decode(),
    "list raw": lambda: [item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix="raw/")["Contents"]],
    "write raw": lambda: s3.put_object(Bucket=bucket, Key="raw/a.txt", Body=b"raw/a.txt")["ETag"] and "done",
    "read other": lambda: s3.get_object(Bucket=bucket, Key="other/b.txt")["Body"].read().decode(),
}.items():
    try:
        print(name, call())
    except ClientError as error:
        print(name, error.operation_name, error.response["Error"]["Code"])
print("vended" if all(used) else "own keys")
"""
REFUSED = "GetDataAccess AccessDenied"


def test_two_people_read_through_get_data_access_what_each_was_granted(sandbox):
    region = "eu-north-1"
    bucket = sandbox.bucket(region, "raw/a.txt", "other/b.txt")
    control = sandbox.client("s3control", region)
    control.create_access_grants_instance(AccountId=ACCOUNT)
    location = control.create_access_grants_location(
        AccountId=ACCOUNT, LocationScope=f"s3://{bucket}", IAMRoleArn=LOCATION_ROLE)
    for user, prefix, permission in (("alice", "raw/*", "READ"), ("bob", "other/*", "READWRITE")):
        control.create_access_grant(
            AccountId=ACCOUNT, AccessGrantsLocationId=location["AccessGrantsLocationId"], Permission=permission,
            AccessGrantsLocationConfiguration={"S3SubPrefix": prefix},
            Grantee={"GranteeType": "IAM", "GranteeIdentifier": f"arn:aws:iam::{ACCOUNT}:user/{user}"})
    for keys, expected in (
        (ALICE, ["read raw raw/a.txt", "list raw ['raw/a.txt']", f"write raw {REFUSED}", f"read other {REFUSED}"]),
        (BOB, [f"read raw {REFUSED}", f"list raw {REFUSED}", f"write raw {REFUSED}", "read other other/b.txt"]),
    ):
        done = subprocess.run([sys.executable, "-c", READER, bucket], env=sandbox.environment(region, keys),
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines() == [*expected, "vended"]
