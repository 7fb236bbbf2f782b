"""Terraform makes grants in the embedded AWS, as the peer of a benchmark."""

import os
import tempfile

from harness import ACCESS_KEY, ACCOUNT, REGION, SECRET_KEY, seconds
from terraform_program import Terraform, missing, provider  # noqa: F401, `missing` is for those who ask first

# Any made-up name does: the provider puts the account id before it and sends the absolute URL to its proxy.
S3_CONTROL = "http://s3control.sandbox"


def grants(location, count, grantee):
    return f"""
resource "aws_s3control_access_grant" "reader" {{
  count                     = {count}
  account_id                = "{ACCOUNT}"
  access_grants_location_id = "{location}"
  permission                = "READ"
  access_grants_location_configuration {{
    s3_sub_prefix = "terraform/${{count.index}}/*"
  }}
  grantee {{
    grantee_type       = "IAM"
    grantee_identifier = "{grantee}"
  }}
}}
"""


def apply(port, location, count, grantee, parallelism=16):
    """How long `terraform apply` takes to make the grants, in seconds; `terraform init` is not counted."""
    aws = f"http://127.0.0.1:{port}"
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    environment = kept | {
        "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true",
        "HTTP_PROXY": aws, "NO_PROXY": "127.0.0.1",
    }
    with tempfile.TemporaryDirectory(prefix="sluice-bench-terraform-") as folder:
        terraform = Terraform(folder, environment, timeout=900)
        terraform.write(
            provider({"s3control": S3_CONTROL, "sts": aws}, region=REGION, access_key=ACCESS_KEY,
                     secret_key=SECRET_KEY, skip_credentials_validation=True, skip_requesting_account_id=True)
            + grants(location, count, grantee))
        terraform("init", "-input=false")
        elapsed, _ = seconds(
            lambda: terraform("apply", "-input=false", "-auto-approve", f"-parallelism={parallelism}"))
        return elapsed
