"""boto3 against the sandbox: all 24 operations of S3 Access Grants, STS, and S3's basics."""

import datetime
import io
import json
import re

import pytest
from botocore.exceptions import ClientError

from conftest import ACCOUNT, ADMIN, CONTROL_ROLE, LOCATION_ROLE

OPERATIONS = {
    "AssociateAccessGrantsIdentityCenter", "CreateAccessGrant", "CreateAccessGrantsInstance",
    "CreateAccessGrantsLocation", "DeleteAccessGrant", "DeleteAccessGrantsInstance",
    "DeleteAccessGrantsInstanceResourcePolicy", "DeleteAccessGrantsLocation", "DissociateAccessGrantsIdentityCenter",
    "GetAccessGrant", "GetAccessGrantsInstance", "GetAccessGrantsInstanceForPrefix",
    "GetAccessGrantsInstanceResourcePolicy", "GetAccessGrantsLocation", "GetDataAccess", "ListAccessGrants",
    "ListAccessGrantsInstances", "ListAccessGrantsLocations", "ListCallerAccessGrants", "ListTagsForResource",
    "PutAccessGrantsInstanceResourcePolicy", "TagResource", "UntagResource", "UpdateAccessGrantsLocation",
}


def failure(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response
    return error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]


def without_metadata(answer):
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def policy(arn, *actions):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Action": list(actions),
         "Resource": arn}]})


def test_the_life_of_an_instance_with_every_operation(sandbox):
    region = "eu-west-1"
    bucket = sandbox.bucket(region, "raw/a.txt", "other/b.txt")
    control = sandbox.client("s3control", region)
    called = set()
    control.meta.events.register("before-call.s3-control", lambda model, **_: called.add(model.name))
    account = {"AccountId": ACCOUNT}

    assert failure(control.get_access_grants_instance, **account) == ("AccessGrantsInstanceNotExistsError", 404)
    made = control.create_access_grants_instance(**account, Tags=[{"Key": "owner", "Value": "data"}])
    arn = f"arn:aws:s3:{region}:{ACCOUNT}:access-grants/default"
    assert (made["AccessGrantsInstanceId"], made["AccessGrantsInstanceArn"]) == ("default", arn)
    assert isinstance(made["CreatedAt"], datetime.datetime)
    assert failure(control.create_access_grants_instance, **account) == ("AccessGrantsInstanceAlreadyExists", 409)
    assert control.get_access_grants_instance(**account)["CreatedAt"] == made["CreatedAt"]
    listed = control.list_access_grants_instances(**account)["AccessGrantsInstancesList"]
    assert [item["AccessGrantsInstanceArn"] for item in listed] == [arn]

    identity_center = "arn:aws:sso:::instance/ssoins-0123456789abcdef"
    control.associate_access_grants_identity_center(**account, IdentityCenterArn=identity_center)
    associated = control.get_access_grants_instance(**account)
    assert associated["IdentityCenterInstanceArn"] == identity_center
    assert associated["IdentityCenterArn"] == associated["IdentityCenterApplicationArn"]
    control.dissociate_access_grants_identity_center(**account)
    assert "IdentityCenterArn" not in control.get_access_grants_instance(**account)

    assert failure(control.get_access_grants_instance_resource_policy, **account) == (
        "AccessGrantsInstanceResourcePolicyNotExists", 404)
    document = policy(arn, "s3:GetDataAccess", "s3:ListCallerAccessGrants")
    put = control.put_access_grants_instance_resource_policy(
        **account, Policy=document, Organization="o-0123456789")
    read = control.get_access_grants_instance_resource_policy(**account)
    assert (read["Policy"], read["Organization"]) == (document, "o-0123456789")
    assert without_metadata(put) == without_metadata(read)
    control.delete_access_grants_instance_resource_policy(**account)

    location = control.create_access_grants_location(
        **account, LocationScope=f"s3://{bucket}/raw*", IAMRoleArn=LOCATION_ROLE)
    place = {**account, "AccessGrantsLocationId": location["AccessGrantsLocationId"]}
    assert without_metadata(control.get_access_grants_location(**place)) == without_metadata(location)
    assert failure(control.update_access_grants_location, **place,
                   IAMRoleArn=f"arn:aws:iam::{ACCOUNT}:role/unknown") == ("InvalidIamRole", 400)
    updated = control.update_access_grants_location(**place, IAMRoleArn=LOCATION_ROLE)
    assert without_metadata(updated) == without_metadata(location)
    everywhere = control.create_access_grants_location(
        **account, LocationScope="s3://", IAMRoleArn=LOCATION_ROLE)
    assert everywhere["AccessGrantsLocationId"] == "default"
    scopes = [item["LocationScope"] for item in control.list_access_grants_locations(
        **account, LocationScope=f"s3://{bucket}/raw*")["AccessGrantsLocationsList"]]
    assert scopes == [f"s3://{bucket}/raw*"]

    wish = {**account, "AccessGrantsLocationId": "default", "Permission": "READ",
            "AccessGrantsLocationConfiguration": {"S3SubPrefix": f"{bucket}/raw/*"},
            "Grantee": {"GranteeType": "IAM", "GranteeIdentifier": ADMIN}}
    grant = control.create_access_grant(**wish, Tags=[{"Key": "team", "Value": "a b"}])
    assert grant["GrantScope"] == f"s3://{bucket}/raw/*"
    assert failure(control.create_access_grant, **wish) == ("AccessGrantAlreadyExists", 409)
    key = {**account, "AccessGrantId": grant["AccessGrantId"]}
    assert without_metadata(control.get_access_grant(**key)) == without_metadata(grant)
    found = control.list_access_grants(
        **account, GranteeType="IAM", GranteeIdentifier=ADMIN, Permission="READ", GrantScope=f"s3://{bucket}/raw/*")
    assert [item["AccessGrantId"] for item in found["AccessGrantsList"]] == [grant["AccessGrantId"]]
    own = control.list_caller_access_grants(**account, GrantScope=f"s3://{bucket}")["CallerAccessGrantsList"]
    assert own == [{"Permission": "READ", "GrantScope": f"s3://{bucket}/raw/*", "ApplicationArn": "NA"}]
    holder = control.get_access_grants_instance_for_prefix(**account, S3Prefix=f"s3://{bucket}/raw/a.txt")
    assert without_metadata(holder) == {"AccessGrantsInstanceArn": arn, "AccessGrantsInstanceId": "default"}

    access = control.get_data_access(**account, Target=f"s3://{bucket}/raw/a.txt", Permission="READ")
    assert access["MatchedGrantTarget"] == f"s3://{bucket}/raw/*"
    assert access["Grantee"] == {"GranteeType": "IAM", "GranteeIdentifier": ADMIN}
    narrowed = sandbox.client("s3", region, access["Credentials"])
    assert narrowed.get_object(Bucket=bucket, Key="raw/a.txt")["Body"].read() == b"raw/a.txt"
    assert [item["Key"] for item in narrowed.list_objects_v2(Bucket=bucket, Prefix="raw/")["Contents"]] == ["raw/a.txt"]
    assert failure(narrowed.get_object, Bucket=bucket, Key="other/b.txt") == ("AccessDenied", 403)
    assert failure(narrowed.put_object, Bucket=bucket, Key="raw/a.txt", Body=b"") == ("AccessDenied", 403)
    assert failure(narrowed.list_objects_v2, Bucket=bucket) == ("AccessDenied", 403)
    session = sandbox.client("sts", region, access["Credentials"]).get_caller_identity()["Arn"]
    assert re.fullmatch(rf"arn:aws:sts::{ACCOUNT}:assumed-role/access-grants-location/access-grants-[0-9a-f-]{{36}}", session)

    for resource in (arn, location["AccessGrantsLocationArn"], grant["AccessGrantArn"]):
        control.tag_resource(**account, ResourceArn=resource, Tags=[{"Key": "c d", "Value": "e+f"}])
        control.untag_resource(**account, ResourceArn=resource, TagKeys=["owner", "team", "absent one"])
        assert control.list_tags_for_resource(**account, ResourceArn=resource)["Tags"] == [
            {"Key": "c d", "Value": "e+f"}]

    assert failure(control.delete_access_grants_location, **account, AccessGrantsLocationId="default") == (
        "AccessGrantsLocationNotEmptyError", 400)
    control.delete_access_grant(**key)
    assert failure(control.delete_access_grant, **key) == ("NoSuchAccessGrantError", 404)
    assert failure(control.delete_access_grants_instance, **account) == ("AccessGrantsInstanceNotEmptyError", 400)
    control.delete_access_grants_location(**account, AccessGrantsLocationId="default")
    control.delete_access_grants_location(**place)
    assert failure(control.get_access_grants_location, **place) == ("NoSuchAccessGrantsLocationError", 404)
    control.delete_access_grants_instance(**account)
    assert called == OPERATIONS


def test_lists_come_in_pages(sandbox):
    region = "eu-west-3"
    bucket = sandbox.bucket(region)
    control = sandbox.client("s3control", region)
    control.create_access_grants_instance(AccountId=ACCOUNT)
    control.create_access_grants_location(AccountId=ACCOUNT, LocationScope="s3://", IAMRoleArn=LOCATION_ROLE)
    for number in range(5):
        control.create_access_grant(
            AccountId=ACCOUNT, AccessGrantsLocationId="default", Permission="WRITE",
            AccessGrantsLocationConfiguration={"S3SubPrefix": f"{bucket}/{number}/*"},
            Grantee={"GranteeType": "IAM", "GranteeIdentifier": ADMIN})
    pages = control.get_paginator("list_caller_access_grants").paginate(
        AccountId=ACCOUNT, PaginationConfig={"PageSize": 2})
    assert [len(page["CallerAccessGrantsList"]) for page in pages] == [2, 2, 1]
    seen, token = [], {}
    while True:
        page = control.list_access_grants(AccountId=ACCOUNT, MaxResults=2, **token)
        seen += [grant["AccessGrantsLocationConfiguration"]["S3SubPrefix"] for grant in page["AccessGrantsList"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert seen == [f"{bucket}/{number}/*" for number in range(5)]
    assert failure(control.list_access_grants, AccountId=ACCOUNT, NextToken="made up") == ("InvalidRequest", 400)
    assert failure(control.list_access_grants, AccountId=ACCOUNT, MaxResults=1001) == ("InvalidRequest", 400)


def test_another_account_is_not_let_in(sandbox):
    control = sandbox.client("s3control", "us-east-1")
    assert failure(control.get_access_grants_instance, AccountId="444455556666") == ("AccessDenied", 403)


def test_sts_says_who_calls_and_assumes_roles(sandbox):
    sts = sandbox.client("sts", "us-east-1")
    assert without_metadata(sts.get_caller_identity())["Arn"] == ADMIN
    assumed = sts.assume_role(RoleArn=CONTROL_ROLE, RoleSessionName="tests", DurationSeconds=900)
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/sluice/tests"
    assert assumed["AssumedRoleUser"]["Arn"] == arn
    session = sandbox.client("sts", "us-east-1", assumed["Credentials"])
    assert session.get_caller_identity()["Arn"] == arn
    control = sandbox.client("s3control", "us-east-1", assumed["Credentials"])
    assert control.get_access_grants_instance(AccountId=ACCOUNT)["AccessGrantsInstanceId"] == "default"
    assert failure(control.delete_access_grants_instance, AccountId=ACCOUNT) == ("AccessDenied", 403)
    wrong = sandbox.client("sts", "us-east-1", {"AccessKeyId": "AKIASANDBOXADMIN0000", "SecretAccessKey": "wrong"})
    assert failure(wrong.get_caller_identity) == ("SignatureDoesNotMatch", 403)


@pytest.mark.parametrize("key", ["plain.txt", "a b/ü+~.txt", "a/../b//c d", "100%25"])
def test_s3_keeps_objects(sandbox, key):
    s3 = sandbox.client("s3", "us-east-1")
    bucket = sandbox.bucket("us-east-1")
    assert s3.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPHeaders"]["x-amz-bucket-region"] == "us-east-1"
    s3.put_object(Bucket=bucket, Key=key, Body=b"content", ContentType="text/plain")
    got = s3.get_object(Bucket=bucket, Key=key)
    assert (got["Body"].read(), got["ContentType"]) == (b"content", "text/plain")
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    s3.delete_object(Bucket=bucket, Key=key)
    assert failure(s3.get_object, Bucket=bucket, Key=key) == ("NoSuchKey", 404)
    s3.delete_bucket(Bucket=bucket)
    assert bucket not in [item["Name"] for item in s3.list_buckets()["Buckets"]]


def test_an_upload_in_chunks_with_a_trailer_arrives_whole(sandbox):
    s3 = sandbox.client("s3", "us-east-1")
    bucket = sandbox.bucket("us-east-1")
    sent = []

    def in_the_trailer(params, **_):  # as boto3 does over TLS
        params["context"]["checksum"]["request_algorithm"]["in"] = "trailer"

    s3.meta.events.register("before-call.s3.PutObject", in_the_trailer)
    s3.meta.events.register("before-send.s3.PutObject", lambda request, **_: sent.append(request.headers))
    content = bytes(range(256)) * 8192 + b"the rest"
    s3.put_object(Bucket=bucket, Key="chunks", Body=io.BytesIO(content))
    assert (sent[0]["Content-Encoding"], sent[0]["X-Amz-Trailer"]) == (b"aws-chunked", b"x-amz-checksum-crc32")
    got = s3.get_object(Bucket=bucket, Key="chunks")
    assert got["Body"].read() == content and "aws-chunked" not in got.get("ContentEncoding", "")
