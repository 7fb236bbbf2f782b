"""Terraform with the AWS provider against the embedded AWS, as the peer of a benchmark.

The provider (hashicorp/aws 5.x) comes from a filesystem mirror: the folder named by SLUICE_TERRAFORM_PLUGINS, one of
Terraform's own implied mirrors, or a folder of /opt.
"""

import os
import pathlib
import subprocess
import tempfile

from harness import ACCESS_KEY, ACCOUNT, REGION, SECRET_KEY, seconds, tool

PROVIDER = "registry.terraform.io/hashicorp/aws"
# Any made-up name does: the provider puts the account id before it and sends the absolute URL to its proxy.
S3_CONTROL = "http://s3control.sandbox"


def mirror():
    named = os.environ.get("SLUICE_TERRAFORM_PLUGINS")
    folders = [named] if named else [
        pathlib.Path.home() / ".terraform.d/plugins", "/usr/local/share/terraform/plugins",
        "/usr/share/terraform/plugins", *pathlib.Path("/opt").glob("*")]
    return next((str(folder) for folder in folders if (pathlib.Path(folder) / PROVIDER).is_dir()), None)


def missing():
    """Why Terraform cannot be run here; None when it can."""
    if not tool("terraform"):
        return "terraform is not installed"
    return None if mirror() else "no mirror of Terraform's AWS provider: name its folder in SLUICE_TERRAFORM_PLUGINS"


def configuration(port, location, count, grantee):
    return f"""
terraform {{
  required_providers {{
    aws = {{ source = "hashicorp/aws" }}
  }}
}}

provider "aws" {{
  region                      = "{REGION}"
  access_key                  = "{ACCESS_KEY}"
  secret_key                  = "{SECRET_KEY}"
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  endpoints {{
    s3control = "{S3_CONTROL}"
    sts       = "http://127.0.0.1:{port}"
  }}
}}

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
    with tempfile.TemporaryDirectory(prefix="sluice-bench-terraform-") as folder:
        root = pathlib.Path(folder)
        (root / "main.tf").write_text(configuration(port, location, count, grantee))
        (root / "terraform.rc").write_text(
            f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror()}"\n  }}\n}}\n')
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
        environment = kept | {
            "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_CLI_CONFIG_FILE": str(root / "terraform.rc"),
            "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true", "HTTP_PROXY": f"http://127.0.0.1:{port}", "NO_PROXY": "127.0.0.1",
        }

        def run(*arguments):
            done = subprocess.run(["terraform", *arguments, "-no-color"], cwd=folder, env=environment,
                                  capture_output=True, text=True, timeout=900)
            if done.returncode:
                raise SystemExit(done.stdout + done.stderr)

        run("init", "-input=false")
        elapsed, _ = seconds(lambda: run("apply", "-input=false", "-auto-approve", f"-parallelism={parallelism}"))
        return elapsed
