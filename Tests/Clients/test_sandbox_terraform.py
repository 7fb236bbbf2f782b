"""Terraform with the AWS provider manages an Access Grants instance, a location, a grant and a resource policy."""

import json

import pytest

import terraform_program
from conftest import ACCESS_KEY, ACCOUNT, ADMIN, LOCATION_ROLE, S3_CONTROL, SECRET_KEY

REGION = "eu-central-1"

RESOURCES = """
resource "aws_s3control_access_grants_instance" "it" {{
  account_id = "{account}"
}}

resource "aws_s3control_access_grants_location" "raw" {{
  depends_on     = [aws_s3control_access_grants_instance.it]
  account_id     = "{account}"
  iam_role_arn   = "{role}"
  location_scope = "s3://{bucket}/raw*"
  tags           = {{ stage = "{stage}" }}
}}

resource "aws_s3control_access_grant" "reader" {{
  account_id                = "{account}"
  access_grants_location_id = aws_s3control_access_grants_location.raw.access_grants_location_id
  permission                = "{permission}"
  access_grants_location_configuration {{
    s3_sub_prefix = "/eu/*"
  }}
  grantee {{
    grantee_type       = "IAM"
    grantee_identifier = "{grantee}"
  }}
  tags = {{ stage = "{stage}" }}
}}

resource "aws_s3control_access_grants_instance_resource_policy" "it" {{
  depends_on = [aws_s3control_access_grants_instance.it]
  account_id = "{account}"
  policy = jsonencode({{
    Version = "2012-10-17"
    Statement = [{{
      Effect    = "Allow"
      Principal = {{ AWS = "444455556666" }}
      Action    = {actions}
      Resource  = aws_s3control_access_grants_instance.it.access_grants_instance_arn
    }}]
  }})
}}
"""


class Terraform(terraform_program.Terraform):
    def __init__(self, sandbox, folder):
        super().__init__(folder, sandbox.environment(REGION))
        self.provider = terraform_program.provider(
            {"s3control": S3_CONTROL, "sts": sandbox.url, "s3": sandbox.url, "iam": sandbox.url},
            region=REGION, access_key=ACCESS_KEY, secret_key=SECRET_KEY, s3_use_path_style=True, max_retries=2)

    def write_resources(self, **values):
        self.write(self.provider + RESOURCES.format(account=ACCOUNT, role=LOCATION_ROLE, grantee=ADMIN, **values))

    def is_settled(self):
        return self("plan", "-input=false", "-detailed-exitcode", expected=(0, 2)).returncode == 0


@pytest.mark.skipif(terraform_program.missing() is not None, reason=str(terraform_program.missing()))
def test_terraform_applies_changes_settles_and_destroys(sandbox, tmp_path):
    terraform = Terraform(sandbox, tmp_path)
    bucket = sandbox.bucket(REGION)
    control = sandbox.client("s3control", REGION)
    terraform.write_resources(bucket=bucket, stage="first", permission="READ", actions='["s3:ListAccessGrants"]')
    terraform("init", "-input=false")
    terraform("apply", "-input=false", "-auto-approve")
    assert terraform.is_settled()
    [grant] = control.list_access_grants(AccountId=ACCOUNT)["AccessGrantsList"]
    assert (grant["GrantScope"], grant["Permission"]) == (f"s3://{bucket}/raw/eu/*", "READ")

    terraform.write_resources(bucket=bucket, stage="second", permission="READWRITE",
                              actions='["s3:ListAccessGrants", "s3:GetDataAccess"]')
    applied = terraform("apply", "-input=false", "-auto-approve").stdout
    assert "1 added, 2 changed, 1 destroyed" in applied
    assert terraform.is_settled()
    [changed] = control.list_access_grants(AccountId=ACCOUNT)["AccessGrantsList"]
    assert (changed["Permission"], changed["AccessGrantsLocationId"]) == ("READWRITE", grant["AccessGrantsLocationId"])
    tags = control.list_tags_for_resource(AccountId=ACCOUNT, ResourceArn=changed["AccessGrantArn"])["Tags"]
    assert tags == [{"Key": "stage", "Value": "second"}]
    policy = json.loads(control.get_access_grants_instance_resource_policy(AccountId=ACCOUNT)["Policy"])
    assert policy["Statement"][0]["Action"] == ["s3:ListAccessGrants", "s3:GetDataAccess"]

    terraform("destroy", "-input=false", "-auto-approve")
    assert control.list_access_grants_instances(AccountId=ACCOUNT)["AccessGrantsInstancesList"] == []
