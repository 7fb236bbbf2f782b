"""Starts the programs a benchmark needs on 127.0.0.1, and ends them again. Python's standard library only."""

import contextlib
import http.client
import json
import os
import pathlib
import shutil
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "Tests" / "Clients"))

from programs import Program  # noqa: E402, beside the client tests, which start the same programs

API_KEY = "benchmark-key-0123456789abcdef0123456789abcdef"
ACCOUNT, REGION = "123456789012", "us-east-1"
LOCATION_ROLE = f"arn:aws:iam::{ACCOUNT}:role/access-grants-location"
ACCESS_KEY, SECRET_KEY = "AKIASANDBOXADMIN0000", "sandbox-admin-secret-key-do-not-use-elsewhere"


def binary():
    path = os.environ.get("SLUICE_BINARY") or ROOT / ".build" / "release" / "sluice"
    if not pathlib.Path(path).exists():
        sys.exit(f"{path} is missing: run `make bench`, which builds it, or set SLUICE_BINARY")
    return str(path)


@contextlib.contextmanager
def sluice(sandbox_arguments=()):
    """An embedded AWS and a server that uses it, each a process of its own, in a folder that is removed again."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="sluice-bench-"))
        aws = stack.enter_context(Program(
            "sandbox", "--hostname", "127.0.0.1", "--port", "0", "--directory", f"{folder}/aws", "--faults",
            *sandbox_arguments, binary=binary()))
        server = stack.enter_context(Program(
            "serve", "--hostname", "127.0.0.1", "--port", "0", "--database", f"{folder}/sluice.db", binary=binary(),
            environment={
                "SLUICE_BOOTSTRAP_API_KEY": API_KEY,
                "SLUICE_LOG_LEVEL": "error",
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{aws.port}",
                "AWS_ACCESS_KEY_ID": ACCESS_KEY,
                "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
                "AWS_REGION": REGION,
            }))
        yield Client(server.port, {"Authorization": API_KEY}), Client(aws.port, {})


class Client:
    """One kept-alive connection."""

    def __init__(self, port, headers):
        self.port, self.headers = port, headers
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=70)

    def call(self, method, path, body=None):
        """Status and decoded answer."""
        headers = dict(self.headers)
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, text.decode(errors="replace")

    def expect(self, status, method, path, body=None):
        got, answer = self.call(method, path, body)
        if got != status:
            raise SystemExit(f"{method} {path} answered {got}, not {status}: {answer}")
        return answer


def integration(name, path="s3://sandbox-data/", **changes):
    return {
        "type": "Native S3", "autoBootstrap": False,
        "config": {
            "name": name, "awsAccountId": ACCOUNT, "awsRegion": REGION, "awsLocationRole": LOCATION_ROLE,
            "awsLocationPath": path, "authenticationType": "accessKey", "awsAccessKeyId": ACCESS_KEY,
            "awsSecretAccessKey": SECRET_KEY, **changes,
        },
    }


def settled(client, identifier, wanted):
    status = client.expect(200, "GET", f"/integrations/{identifier}/status?wait=30")
    if status["status"] != wanted:
        raise SystemExit(f"integration {identifier} is {status['status']}, not {wanted}: {status}")


def seconds(action):
    start = time.perf_counter()
    result = action()
    return time.perf_counter() - start, result


def tool(name):
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
