"""The AWS CLI against the sandbox: all 24 operations of S3 Access Grants, STS, and S3's basics."""

import re

from conftest import ACCOUNT, ADMIN, LOCATION_ROLE
from test_sandbox_boto3 import OPERATIONS, policy


def test_the_life_of_an_instance_with_every_command(sandbox, tmp_path):
    region = "eu-west-2"
    bucket = sandbox.bucket(region, "raw/a.txt")
    arn = f"arn:aws:s3:{region}:{ACCOUNT}:access-grants/default"
    run = set()

    def control(command, *arguments):
        run.add(command)
        return sandbox.aws(region, "s3control", command, "--account-id", ACCOUNT, *arguments)

    made = control("create-access-grants-instance", "--tags", "Key=owner,Value=data")
    assert made["AccessGrantsInstanceArn"] == arn
    assert control("get-access-grants-instance")["CreatedAt"] == made["CreatedAt"]
    assert len(control("list-access-grants-instances")["AccessGrantsInstancesList"]) == 1
    identity_center = "arn:aws:sso:::instance/ssoins-0123456789abcdef"
    control("associate-access-grants-identity-center", "--identity-center-arn", identity_center)
    control("dissociate-access-grants-identity-center")
    document = policy(arn, "s3:ListAccessGrants")
    control("put-access-grants-instance-resource-policy", "--policy", document)
    assert control("get-access-grants-instance-resource-policy")["Policy"] == document
    control("delete-access-grants-instance-resource-policy")

    location = control("create-access-grants-location", "--location-scope", f"s3://{bucket}/raw/",
                       "--iam-role-arn", LOCATION_ROLE)
    place = ("--access-grants-location-id", location["AccessGrantsLocationId"])
    assert control("get-access-grants-location", *place) == location
    assert control("update-access-grants-location", *place, "--iam-role-arn", LOCATION_ROLE) == location
    assert control("list-access-grants-locations")["AccessGrantsLocationsList"] == [location]
    grant = control("create-access-grant", *place, "--access-grants-location-configuration", "S3SubPrefix=*",
                    "--grantee", f"GranteeType=IAM,GranteeIdentifier={ADMIN}", "--permission", "READ")
    key = ("--access-grant-id", grant["AccessGrantId"])
    assert control("get-access-grant", *key) == grant
    assert control("list-access-grants", "--permission", "READ")["AccessGrantsList"] == [grant]
    assert control("list-caller-access-grants")["CallerAccessGrantsList"][0]["GrantScope"] == f"s3://{bucket}/raw/*"
    assert control("get-access-grants-instance-for-prefix", "--s3-prefix", f"s3://{bucket}/raw/")[
        "AccessGrantsInstanceArn"] == arn
    access = control("get-data-access", "--target", f"s3://{bucket}/raw/*", "--permission", "READ",
                     "--privilege", "Minimal", "--duration-seconds", "900")
    assert access["MatchedGrantTarget"] == f"s3://{bucket}/raw/*"

    control("tag-resource", "--resource-arn", arn, "--tags", "Key=b,Value=2")
    control("untag-resource", "--resource-arn", arn, "--tag-keys", "owner")
    assert control("list-tags-for-resource", "--resource-arn", arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    control("delete-access-grant", *key)
    control("delete-access-grants-location", *place)
    control("delete-access-grants-instance")
    assert run == {re.sub("(?<=[a-z0-9])(?=[A-Z])", "-", name).lower() for name in OPERATIONS}


def test_sts_and_s3_basics(sandbox, tmp_path):
    region = "us-east-1"
    assert sandbox.aws(region, "sts", "get-caller-identity")["Arn"] == ADMIN
    bucket = sandbox.bucket(region)
    (tmp_path / "up.txt").write_text("content\n")
    sandbox.aws(region, "s3", "cp", str(tmp_path / "up.txt"), f"s3://{bucket}/a b/up.txt")
    assert "a b/up.txt" in sandbox.aws(region, "s3", "ls", "--recursive", f"s3://{bucket}/")
    sandbox.aws(region, "s3", "cp", f"s3://{bucket}/a b/up.txt", str(tmp_path / "down.txt"))
    assert (tmp_path / "down.txt").read_text() == "content\n"
    sandbox.aws(region, "s3", "rm", f"s3://{bucket}/a b/up.txt")
    sandbox.aws(region, "s3api", "delete-bucket", "--bucket", bucket)
    names = [item["Name"] for item in sandbox.aws(region, "s3api", "list-buckets")["Buckets"]]
    assert bucket not in names and "sandbox-data" in names
