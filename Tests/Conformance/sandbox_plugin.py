"""A pytest plugin for ceph/s3-tests: each process of pytest-xdist has a sandbox to itself, so that tests which count an
account's buckets stay apart. With CONFORMANCE_ENDPOINT (HOST:PORT), all of them use that server instead.

What becomes of each test is added to the file CONFORMANCE_RESULTS at once, a JSON object a line: a run that is cut short
has told all it knew.
"""

import importlib
import itertools
import json
import os
import pathlib
import sys
import tempfile

import pytest

sys.path.append(str(pathlib.Path(__file__).parents[1] / "Clients"))
import users  # noqa: E402
from programs import Program  # noqa: E402

running = []


def pytest_runtest_logreport(report):
    """Called in the controlling process, for the set-up, the call and the clearing-up of every test."""
    if "PYTEST_XDIST_WORKER" in os.environ or (report.passed and report.when != "call"):
        return
    message = "" if report.passed else getattr(report.longrepr, "reprcrash", None) or report.longrepr
    line = {
        "file": report.location[0], "name": report.location[2].partition("[")[0], "when": report.when,
        "outcome": report.outcome, "error": getattr(message, "message", None) or str(message),
        "detail": "" if report.passed else report.longreprtext}
    with open(os.environ["CONFORMANCE_RESULTS"], "a") as file:
        file.write(json.dumps(line) + "\n")


def pytest_configure(config):
    is_controller = not hasattr(config, "workerinput") and getattr(config.option, "numprocesses", None)
    if is_controller:
        return
    folder = tempfile.TemporaryDirectory(prefix="sluice-conformance-")
    running.append(folder.cleanup)
    path = pathlib.Path(folder.name)
    host, _, port = os.environ.get("CONFORMANCE_ENDPOINT", "").partition(":")
    if not host:
        users.write_users(path / "users.json")
        program = Program("sandbox", "--hostname", "127.0.0.1", "--port", "0", "--directory", str(path / "state"),
                          "--users", str(path / "users.json")).start()
        running.append(program.stop)
        host, port = "127.0.0.1", program.port
    users.write_configuration(path / "s3tests.conf", host, port)
    os.environ["S3TEST_CONF"] = str(path / "s3tests.conf")


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session):
    # Bucket names end in a counter, and some tests expect them to be listed in the order they were made in.
    if not hasattr(session.config, "workerinput"):
        return
    importlib.import_module("s3tests.functional").bucket_counter = itertools.count(1000)


def pytest_unconfigure(config):
    while running:
        running.pop()()
