"""The users that ceph/s3-tests asks for: as `sluice sandbox --users` takes them, and as the suite's configuration does.

Each has an account of its own. The keys open nothing but a sandbox of a run.
"""

import configparser
import json

# Section of the configuration to name, account, canonical id and key.
USERS = {
    "s3 main": ("main", "100000000001", "a1" * 32, "CONFORMANCEMAIN0001"),
    "s3 alt": ("alt", "100000000002", "b2" * 32, "CONFORMANCEALT00001"),
    "s3 tenant": ("tenant", "100000000003", "testx$" + "c3" * 32, "CONFORMANCETENANT01"),
    "iam": ("iam", "100000000004", "d4" * 32, "CONFORMANCEIAM00001"),
    "iam root": ("iam-root", "100000000005", "e5" * 32, "CONFORMANCEIAMROOT1"),
    "iam alt root": ("iam-alt-root", "100000000006", "f6" * 32, "CONFORMANCEIAMALT01"),
}


def secret(name):
    return f"conformance-{name}-secret-do-not-use-elsewhere"


def address(name):
    return f"{name}@example.com"


def write_users(path):
    path.write_text(json.dumps([
        {"name": name, "account": account, "canonicalId": canonical, "displayName": name, "email": address(name),
         "accessKeyId": key, "secretAccessKey": secret(name)}
        for name, account, canonical, key in USERS.values()]))


def write_configuration(path, host, port):
    """What the suite reads from the file that S3TEST_CONF names."""
    configuration = configparser.RawConfigParser()
    configuration["DEFAULT"] = {"host": host, "port": str(port), "is_secure": "False", "ssl_verify": "False"}
    configuration["fixtures"] = {"bucket prefix": "conformance-{random}-"}
    for section, (name, _, canonical, key) in USERS.items():
        configuration[section] = {
            "display_name": name, "user_id": canonical, "email": address(name), "access_key": key,
            "secret_key": secret(name)}
    configuration["s3 tenant"]["tenant"] = "testx"
    configuration["s3 main"]["api_name"] = "us-west-2"  # A location constraint.
    # Bounds what the tests of life cycles sleep: there are none here.
    configuration["s3 main"]["lc_debug_interval"] = "1"
    with path.open("w") as file:
        configuration.write(file)
