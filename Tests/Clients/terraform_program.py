"""Terraform with the AWS provider, which the client tests and the benchmarks run against the embedded AWS.

The provider (hashicorp/aws 5.x) comes from a filesystem mirror: the folder named by SLUICE_TERRAFORM_PLUGINS, one of
Terraform's own implied mirrors, a folder of /opt, or what TF_CLI_CONFIG_FILE says.
"""

import json
import os
import pathlib
import shutil
import subprocess

PROVIDER = "registry.terraform.io/hashicorp/aws"


def mirror():
    named = os.environ.get("SLUICE_TERRAFORM_PLUGINS")
    folders = [named] if named else [
        pathlib.Path.home() / ".terraform.d/plugins", "/usr/local/share/terraform/plugins",
        "/usr/share/terraform/plugins", *pathlib.Path("/opt").glob("*")]
    return next((str(folder) for folder in folders if (pathlib.Path(folder) / PROVIDER).is_dir()), None)


def missing():
    """Why Terraform cannot be run here; None when it can."""
    if shutil.which("terraform") is None:
        return "terraform is not installed"
    if mirror() or os.path.exists(os.environ.get("TF_CLI_CONFIG_FILE", "")):
        return None
    return "no mirror of Terraform's AWS provider: name its folder in SLUICE_TERRAFORM_PLUGINS"


def provider(endpoints, **settings):
    """The beginning of a configuration: the AWS provider, at these endpoints."""
    def lines(values, indent):
        return "\n".join(f"{indent}{name} = {json.dumps(value)}" for name, value in values.items())

    return f"""
terraform {{
  required_providers {{
    aws = {{ source = "hashicorp/aws" }}
  }}
}}

provider "aws" {{
{lines({"skip_metadata_api_check": True, "skip_region_validation": True, **settings}, "  ")}
  endpoints {{
{lines(endpoints, "    ")}
  }}
}}
"""


class Terraform:
    """Terraform in a folder of its own, once `missing()` says None."""

    def __init__(self, folder, environment, timeout=180):
        """`environment` is all that it gets, but for its own settings; `timeout` is in seconds, of one run."""
        self.folder, self.timeout = pathlib.Path(folder), timeout
        self.environment = environment | {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
        plugins = mirror()
        if plugins:
            settings = self.folder / "terraform.rc"
            settings.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{plugins}"\n  }}\n}}\n')
        self.environment["TF_CLI_CONFIG_FILE"] = str(settings) if plugins else os.environ["TF_CLI_CONFIG_FILE"]

    def write(self, configuration):
        (self.folder / "main.tf").write_text(configuration)

    def __call__(self, *arguments, expected=(0,)):
        done = subprocess.run(["terraform", *arguments, "-no-color"], cwd=self.folder, env=self.environment,
                              capture_output=True, text=True, timeout=self.timeout)
        assert done.returncode in expected, done.stdout + done.stderr
        return done
