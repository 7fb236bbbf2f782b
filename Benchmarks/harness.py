"""Starts the programs a benchmark needs on 127.0.0.1, and ends them again. Python's standard library only."""

import contextlib
import http.client
import json
import os
import pathlib
import re
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


def memory(process):
    """The most resident memory a process has had, in MB; 0 where /proc does not tell."""
    try:
        status = pathlib.Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    return int(re.search(r"^VmHWM:\s+(\d+) kB", status, re.M)[1]) / 1000


class Deployment:
    """An embedded AWS and a server that uses it, each a process of its own, with their files in one folder."""

    def __init__(self, folder, sandbox_arguments):
        self.database, self.aws_database = f"{folder}/sluice.db", f"{folder}/aws/sandbox.sqlite"
        self.aws_program = Program("sandbox", "--hostname", "127.0.0.1", "--port", "0", "--directory", f"{folder}/aws",
                                   "--faults", *sandbox_arguments, binary=binary()).start()
        self.aws = Client(self.aws_program.port, {})
        self.program = None
        self.memory = 0

    def start(self, environment={}):
        """Starts the server. Returns how long it took until it answered requests, in seconds.

        `environment` is added to the server's, whose AWS is the embedded one.
        """
        begun = time.perf_counter()
        self.program = Program(
            "serve", "--hostname", "127.0.0.1", "--port", "0", "--database", self.database, binary=binary(),
            environment={
                "SLUICE_BOOTSTRAP_API_KEY": API_KEY,
                "SLUICE_LOG_LEVEL": "error",
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.aws_program.port}",
                "AWS_ACCESS_KEY_ID": ACCESS_KEY,
                "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
                "AWS_REGION": REGION,
                **environment,
            }).start()
        self.client = self.connect()
        self.client.expect(200, "GET", "/readyz")
        return time.perf_counter() - begun

    def connect(self, key=API_KEY):
        return Client(self.program.port, {"Authorization": key})

    def stop(self):
        if self.program:
            self.memory = self.peak_memory()
            self.program.stop()
            self.program = None

    def peak_memory(self):
        """The most resident memory any of its servers has had, in MB."""
        return max(self.memory, memory(self.program.process.pid) if self.program else 0)

    def metric(self, name):
        _, text = self.client.call("GET", "/metrics")
        match = re.search(rf"^{name}(?:\{{[^}}]*\}})? ([0-9.e+]+)$", str(text), re.M)
        return int(float(match[1])) if match else 0

    def aws_calls(self):
        """AWS calls since they were last reset, by operation."""
        calls = self.aws.expect(200, "GET", "/_sandbox/calls")
        return {name: count for name, count in sorted(calls.items()) if count}

    def reset_aws_calls(self):
        self.aws.expect(204, "DELETE", "/_sandbox/calls")


@contextlib.contextmanager
def deployment(*sandbox_arguments):
    """A `Deployment` whose server has been started; its folder is removed again."""
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        made = Deployment(folder, sandbox_arguments)
        try:
            made.start()
            yield made
        finally:
            made.stop()
            made.aws_program.stop()


@contextlib.contextmanager
def sluice(sandbox_arguments=()):
    """Clients of a server and of the embedded AWS it uses."""
    with deployment(*sandbox_arguments) as made:
        yield made.client, made.aws


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


def enabled_integration(client, path="s3://sandbox-data/"):
    """The id of a new integration, once its location stands in AWS."""
    identifier = client.expect(200, "POST", "/integrations", integration("lake", path))["id"]
    settled(client, identifier, "enabled")
    return identifier


def limited(label, value, limit, unit):
    """Prints a number beside the most that is wanted of it. False when it is more."""
    kept = value <= limit
    print(f"  {label:<58} {value:9.2f} {unit:<2} (wanted: at most {limit} {unit}){'' if kept else '   MISSED'}")
    return kept


def memory_kept(deployment):
    return limited("peak resident memory of the server", deployment.peak_memory(), 200, "MB")


def until(condition, deadline=120, pause=0.02):
    """Waits until `condition()` holds."""
    end = time.monotonic() + deadline
    while not condition():
        if time.monotonic() > end:
            raise SystemExit("gave up waiting")
        time.sleep(pause)


def percentile(samples, share):
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def seconds(action):
    start = time.perf_counter()
    result = action()
    return time.perf_counter() - start, result


def tool(name):
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
