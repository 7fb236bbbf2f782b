"""Runs ceph/s3-tests against the embedded store, and compares what passes with the committed baseline.

A name that leaves the baseline fails the run, and so does a failure in scope, or in test_headers.py, of which reasons.txt
gives no reason. `--rewrite` makes what passes now the baseline. Everything made on the way lies under .build/conformance:
the Python environment, the suite's results, and `failures.txt` with each failed test's error.
"""

import argparse
import collections
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WORK = ROOT / ".build/conformance"
BASELINE = HERE / "baseline.txt"
FILES = ("test_s3.py", "test_headers.py")
# Seconds a test may take; on an idle machine the slowest takes twenty.
LIMIT = 180


def main():
    arguments = parse()
    checkout = find(arguments.checkout)
    python = environment(checkout)
    started = time.monotonic()
    results = run(python, checkout, arguments)
    in_scope = names(HERE / "in_scope.txt")
    report(results, time.monotonic() - started, in_scope)
    explained = explain(results, in_scope)
    if arguments.only:
        return 0
    if arguments.rewrite:
        passed = sorted(name for name, result in results.items() if result.passed)
        BASELINE.write_text("".join(f"{name}\n" for name in passed))
        print(f"{BASELINE.relative_to(ROOT)} has {len(passed)} names now")
        return 0
    return 0 if compare(results, names(BASELINE)) and explained else 1


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkout", nargs="?", help="a checkout of https://github.com/ceph/s3-tests")
    parser.add_argument("--rewrite", action="store_true", help="make what passes now the baseline")
    parser.add_argument("--only", help="a file's name, in-scope, or a pytest -k expression; nothing is compared")
    parser.add_argument("--endpoint", help="HOST:PORT of another server to test in place of the sandbox")
    parser.add_argument("--processes", type=int, default=min(4, (os.cpu_count() or 1) + 1))
    return parser.parse_args()


def find(checkout):
    folder = pathlib.Path(checkout or "").resolve()
    if checkout and (folder / "s3tests/functional/test_s3.py").exists():
        return folder
    problem = f"{folder} is no checkout of ceph/s3-tests." if checkout else "No checkout of ceph/s3-tests was given."
    sys.exit(f"{problem}\nGet one with: git clone https://github.com/ceph/s3-tests\n"
             "Then: make conformance S3TESTS=<the folder>")


def environment(checkout):
    """The Python of a virtual environment with what the suite requires; made once for each set of requirements."""
    folder = WORK / "venv"
    python = folder / "bin/python"
    wanted = "".join(path.read_text() for path in (HERE / "requirements.txt", checkout / "requirements.txt"))
    stamp = folder / "requirements"
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return python
    if subprocess.run([sys.executable, "-c", "import ensurepip, venv"], capture_output=True).returncode != 0:
        sys.exit("Python's venv is missing: apt-get install python3-venv")
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    # The suite starts nothing by tox, and pulls nothing through gevent in these two files.
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", HERE / "requirements.txt",
         "-r", checkout / "requirements.txt"])
    if done.returncode != 0:
        sys.exit("pip could not install what the suite requires.")
    stamp.write_text(wanted)
    return python


def run(python, checkout, arguments):
    """Result of every test by its name; a test with parameters passes when it does so with each of them."""
    output = WORK / "results.jsonl"
    output.write_text("")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "S3_", "S3TEST"))}
    command = [
        python, "-m", "pytest", "-q", "--no-header", "--tb=short", "-p", "sandbox_plugin", "-p", "no:cacheprovider",
        "-n", str(arguments.processes), "--timeout", str(LIMIT), "--disable-warnings", "-r", "N", "--show-capture=no"]
    if arguments.only in FILES:
        command += [f"s3tests/functional/{arguments.only}"]
    elif arguments.only == "in-scope":
        command += [f"s3tests/functional/test_s3.py::{name}" for name in sorted(names(HERE / "in_scope.txt"))]
    else:
        command += [f"s3tests/functional/{name}" for name in FILES]
        command += ["-k", arguments.only] if arguments.only else []
    with (WORK / "pytest.log").open("w") as log:
        subprocess.run(
            command, cwd=checkout, stdout=log, stderr=subprocess.STDOUT,
            env=kept | {"PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1", "AWS_DEFAULT_REGION": "us-east-1",
                        "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
                        "AWS_EC2_METADATA_DISABLED": "true", "NO_PROXY": "*",
                        "CONFORMANCE_ENDPOINT": arguments.endpoint or "", "CONFORMANCE_RESULTS": str(output)})
    return collect(output.read_text().splitlines())


class Result:
    def __init__(self, file):
        self.file = file
        self.passed = True
        self.error = ""
        self.detail = ""

    def add(self, report):
        if report["outcome"] != "passed" and self.passed:
            when = "" if report["when"] == "call" else f"{report['when']}: "
            self.error = when + " ".join(report["error"].split())[:300]
            self.detail = report["detail"]
            self.passed = False


def collect(lines):
    results = {}
    for line in lines:
        report = json.loads(line)
        results.setdefault(report["name"], Result(pathlib.Path(report["file"]).name)).add(report)
    if not results:
        sys.exit(f"pytest ran no test: {WORK / 'pytest.log'}")
    return results


def names(path):
    return set(path.read_text().split())


def report(results, seconds, in_scope):
    failed = {name: result for name, result in results.items() if not result.passed}
    with (WORK / "failures.txt").open("w") as file:
        for name in sorted(failed, key=lambda name: (name not in in_scope, failed[name].file, name)):
            mark = "in scope" if name in in_scope else failed[name].file
            file.write(f"{name} ({mark}): {failed[name].error}\n{failed[name].detail}\n")
    counts = collections.Counter(result.file for result in results.values() if result.passed)
    print(f"in scope: {sum(name in results and results[name].passed for name in in_scope)} of {len(in_scope)}")
    for name in FILES:
        print(f"{name}: {counts[name]} of {sum(result.file == name for result in results.values())}")
    print(f"in {seconds:.0f} s; each failure is in {(WORK / 'failures.txt').relative_to(ROOT)}")


def explain(results, in_scope):
    """Names the reason of each failure that is in scope or in test_headers.py. False where one has none."""
    reasons = dict(line.split(": ", 1) for line in (HERE / "reasons.txt").read_text().splitlines())
    failed = sorted(name for name, result in results.items()
                    if not result.passed and (name in in_scope or result.file == "test_headers.py"))
    for name in failed:
        print(f"  {name}: {reasons.get(name, 'NO REASON IS GIVEN')}")
    return all(name in reasons for name in failed)


def compare(results, baseline):
    """False where a name has left the baseline."""
    gained = sorted(name for name, result in results.items() if result.passed and name not in baseline)
    if gained:
        print(f"{len(gained)} pass that are not in the baseline ('make conformance-baseline' takes them up):")
        print("".join(f"  {name}\n" for name in gained), end="")
    lost = sorted(name for name in baseline if name not in results or not results[name].passed)
    for name in lost:
        print(f"left the baseline: {name}: {results[name].error if name in results else 'it did not run'}")
    print(f"{len(baseline) - len(lost)} of the baseline's {len(baseline)} pass")
    return not lost


if __name__ == "__main__":
    sys.exit(main())
