"""AWS's own plugin for boto3 reads through S3 Access Grants: it finds the instance, asks GetDataAccess, and signs anew."""

import subprocess
import sys

from conftest import ACCOUNT, ADMIN, LOCATION_ROLE

READER = """
import sys
import boto3
from aws_s3_access_grants_boto3_plugin.s3_access_grants_plugin import S3AccessGrantsPlugin
from botocore.exceptions import ClientError

bucket = sys.argv[1]
s3 = boto3.client("s3")
S3AccessGrantsPlugin(s3, fallback_enabled=False).register()
used = []
s3.meta.events.register_last("before-send.s3", lambda request, **_: used.append(b"/ASIA" in request.headers["Authorization"].replace(b"Credential=", b"/")))
print(s3.get_object(Bucket=bucket, Key="raw/a.txt")["Body"].read().decode())
print([item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix="raw/")["Contents"]])
print("vended" if all(used) else "own keys")
for call in (lambda: s3.get_object(Bucket=bucket, Key="other/b.txt"),
             lambda: s3.put_object(Bucket=bucket, Key="raw/a.txt", Body=b"")):
    try:
        call()
        print("let in")
    except ClientError as error:
        print(error.operation_name, error.response["Error"]["Code"])
"""


def test_the_plugin_reads_an_object_through_get_data_access(sandbox):
    region = "eu-north-1"
    bucket = sandbox.bucket(region, "raw/a.txt", "other/b.txt")
    control = sandbox.client("s3control", region)
    control.create_access_grants_instance(AccountId=ACCOUNT)
    location = control.create_access_grants_location(
        AccountId=ACCOUNT, LocationScope=f"s3://{bucket}", IAMRoleArn=LOCATION_ROLE)
    control.create_access_grant(
        AccountId=ACCOUNT, AccessGrantsLocationId=location["AccessGrantsLocationId"], Permission="READ",
        AccessGrantsLocationConfiguration={"S3SubPrefix": "raw/*"},
        Grantee={"GranteeType": "IAM", "GranteeIdentifier": ADMIN})
    done = subprocess.run([sys.executable, "-c", READER, bucket], env=sandbox.environment(region),
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "raw/a.txt", "['raw/a.txt']", "vended", "GetDataAccess AccessDenied", "GetDataAccess AccessDenied"]
