"""Terraform with the AWS provider manages an Access Grants instance, a location, a grant and a resource policy.

The provider (hashicorp/aws 5.x) comes from a filesystem mirror: the folder named by SLUICE_TERRAFORM_PLUGINS, one of
Terraform's own implied mirrors, a folder of /opt, or what TF_CLI_CONFIG_FILE says. Without one, or without terraform, the test is skipped.
"""

import json
import os
import pathlib
import shutil
import subprocess

import pytest

from conftest import ACCESS_KEY, ACCOUNT, ADMIN, LOCATION_ROLE, S3_CONTROL, SECRET_KEY

REGION = "eu-central-1"
PROVIDER = "registry.terraform.io/hashicorp/aws"

CONFIGURATION = """
terraform {{
  required_providers {{
    aws = {{ source = "hashicorp/aws" }}
  }}
}}

provider "aws" {{
  region                      = "{region}"
  access_key                  = "{access_key}"
  secret_key                  = "{secret_key}"
  skip_metadata_api_check     = true
  skip_region_validation      = true
  s3_use_path_style           = true
  max_retries                 = 2
  endpoints {{
    s3control = "{control}"
    sts       = "{url}"
    s3        = "{url}"
    iam       = "{url}"
  }}
}}

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


def mirror():
    named = os.environ.get("SLUICE_TERRAFORM_PLUGINS")
    folders = [named] if named else [
        pathlib.Path.home() / ".terraform.d/plugins", "/usr/local/share/terraform/plugins",
        "/usr/share/terraform/plugins", *pathlib.Path("/opt").glob("*")]
    return next((str(folder) for folder in folders if (pathlib.Path(folder) / PROVIDER).is_dir()), None)


class Terraform:
    def __init__(self, sandbox, folder):
        self.folder = folder
        self.environment = sandbox.environment(REGION) | {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
        plugins, given = mirror(), os.environ.get("TF_CLI_CONFIG_FILE", "")
        if plugins:
            settings = folder / "terraform.rc"
            settings.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{plugins}"\n  }}\n}}\n')
            self.environment["TF_CLI_CONFIG_FILE"] = str(settings)
        elif os.path.exists(given):
            self.environment["TF_CLI_CONFIG_FILE"] = given
        else:
            pytest.skip("no mirror of Terraform's AWS provider: name its folder in SLUICE_TERRAFORM_PLUGINS")
        self.values = dict(
            region=REGION, access_key=ACCESS_KEY, secret_key=SECRET_KEY, control=S3_CONTROL, url=sandbox.url,
            account=ACCOUNT, role=LOCATION_ROLE, grantee=ADMIN)

    def write(self, **values):
        (self.folder / "main.tf").write_text(CONFIGURATION.format(**self.values, **values))

    def __call__(self, *arguments, expected=(0,)):
        done = subprocess.run(["terraform", *arguments, "-no-color"], cwd=self.folder, env=self.environment,
                              capture_output=True, text=True, timeout=180)
        assert done.returncode in expected, done.stdout + done.stderr
        return done

    def is_settled(self):
        return self("plan", "-input=false", "-detailed-exitcode", expected=(0, 2)).returncode == 0


@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")
def test_terraform_applies_changes_settles_and_destroys(sandbox, tmp_path):
    terraform = Terraform(sandbox, tmp_path)
    bucket = sandbox.bucket(REGION)
    control = sandbox.client("s3control", REGION)
    terraform.write(bucket=bucket, stage="first", permission="READ", actions='["s3:ListAccessGrants"]')
    terraform("init", "-input=false")
    terraform("apply", "-input=false", "-auto-approve")
    assert terraform.is_settled()
    [grant] = control.list_access_grants(AccountId=ACCOUNT)["AccessGrantsList"]
    assert (grant["GrantScope"], grant["Permission"]) == (f"s3://{bucket}/raw/eu/*", "READ")

    terraform.write(bucket=bucket, stage="second", permission="READWRITE",
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
