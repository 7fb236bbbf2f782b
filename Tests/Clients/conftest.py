"""The sandbox that all client tests share, and clients that speak to it.

Each test takes a Region of its own: an account has one Access Grants instance a Region, so tests stay apart.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import uuid

import boto3
import pytest
from botocore.config import Config

from programs import Program

ACCOUNT = "123456789012"
ACCESS_KEY = "AKIASANDBOXADMIN0000"
SECRET_KEY = "sandbox-admin-secret-key-do-not-use-elsewhere"
# Two people who may do nothing but ask for data access.
ALICE = {"AccessKeyId": "AKIASANDBOXALICE0000", "SecretAccessKey": "sandbox-alice-secret-key-do-not-use-elsewhere"}
BOB = {"AccessKeyId": "AKIASANDBOXBOB000000", "SecretAccessKey": "sandbox-bob-secret-key-do-not-use-elsewhere"}
ADMIN = f"arn:aws:iam::{ACCOUNT}:user/admin"
LOCATION_ROLE = f"arn:aws:iam::{ACCOUNT}:role/access-grants-location"
CONTROL_ROLE = f"arn:aws:iam::{ACCOUNT}:role/sluice"
# Any made-up name does: clients put the account id before it and send the absolute URL to the sandbox as their proxy.
S3_CONTROL = "http://s3control.sandbox"


class Sandbox:
    """Where the sandbox listens, and how clients get there."""

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}"

    def environment(self, region, credentials=None):
        """The whole environment of a client program: nothing of the caller's AWS settings gets through."""
        keys = credentials or {"AccessKeyId": ACCESS_KEY, "SecretAccessKey": SECRET_KEY}
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
        return kept | {
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region, "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL_S3_CONTROL": S3_CONTROL,
            "AWS_ENDPOINT_URL_S3": self.url, "AWS_ENDPOINT_URL_STS": self.url, "AWS_ENDPOINT_URL_IAM": self.url,
            "HTTP_PROXY": self.url, "http_proxy": self.url, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1",
        }

    def client(self, service, region, credentials=None, **options):
        keys = credentials or {"AccessKeyId": ACCESS_KEY, "SecretAccessKey": SECRET_KEY}
        control = service == "s3control"
        return boto3.session.Session().client(
            service, region_name=region, endpoint_url=S3_CONTROL if control else self.url,
            aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys.get("SessionToken"),
            config=Config(proxies={"http": self.url} if control else {}, retries={"total_max_attempts": 1}, **options))

    def bucket(self, region, *keys):
        """A new bucket in that Region, with an object of its own name under each key."""
        s3 = self.client("s3", region)
        name = f"lake-{uuid.uuid4()}"
        constraint = {} if region == "us-east-1" else {
            "CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=name, **constraint)
        for key in keys:
            s3.put_object(Bucket=name, Key=key, Body=key.encode())
        return name

    def aws(self, region, *arguments):
        """What the AWS CLI prints: the parsed answer, or None where there is none."""
        beside = pathlib.Path(sys.executable).parent / "aws"
        program = str(beside) if beside.exists() else shutil.which("aws")
        if program is None:
            pytest.fail("the AWS CLI is missing: pip install -r Tests/Clients/requirements.txt")
        done = subprocess.run([program, *arguments], env=self.environment(region), capture_output=True, text=True,
                              timeout=60)
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip().startswith("{") else done.stdout or None


@pytest.fixture(scope="session")
def sandbox():
    with Program("sandbox", "--hostname", "127.0.0.1", "--port", "0") as program:
        yield Sandbox(program.port)
