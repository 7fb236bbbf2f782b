"""A server that uses the sandbox's AWS, and what an administrator does with it by the REST API."""

import contextlib
import json
import time
import urllib.error
import urllib.request

import pytest

from conftest import ACCESS_KEY, ACCOUNT, LOCATION_ROLE, SECRET_KEY
from programs import Program

KEY = "data-access-key-0123456789"
REGION = "us-east-1"
KEYS = {"authenticationType": "accessKey", "awsAccessKeyId": ACCESS_KEY, "awsSecretAccessKey": SECRET_KEY}


class ControlPlane:
    """The REST API, as the administrator."""

    def __init__(self, program):
        self.program, self.port, self.url = program, program.port, f"http://127.0.0.1:{program.port}"

    def __call__(self, method, path, body=None):
        request = urllib.request.Request(
            self.url + path, method=method, data=body and json.dumps(body).encode(),
            headers={"Authorization": KEY, "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            pytest.fail(f"{method} {path}: {error.code} {error.read().decode()}", pytrace=False)

    def integrate(self, bucket, authentication=KEYS, region=REGION):
        """The id of an enabled integration of the whole bucket."""
        made = self("POST", "/integrations", {"type": "Native S3", "autoBootstrap": False, "config": {
            "name": bucket, "awsAccountId": ACCOUNT, "awsRegion": region, "awsLocationRole": LOCATION_ROLE,
            "awsLocationPath": f"s3://{bucket}/", **authentication}})["id"]
        assert self("GET", f"/integrations/{made}/status?wait=30")["status"] == "enabled"
        return int(made)

    def register(self, integration, **prefixes):
        """The ids of new data sources, by name and prefix, in that order."""
        made = self("POST", "/native-s3/handler", {
            "type": "Native S3", "integrationId": integration,
            "dataSources": [{"dataSourceName": name, "prefix": prefix} for name, prefix in prefixes.items()]})
        return [source["dataSourceId"] for source in (made if isinstance(made, list) else [made])]

    def folder(self, source):
        """What the data source is called in the gateway's bucket."""
        return self("GET", f"/dataSource/{source}")["sqlTableName"]

    def person(self, name, **external):
        """The new person's profile."""
        answer = self("POST", "/bim/iam/bim/user", {
            "iamid": "bim", "userid": name, "permissions": [], "profile": {"name": name, "externalUserIds": external}})
        return answer["newUser"]["profile"]["id"]

    def key(self, name):
        return self("POST", "/bim/apikey", {"name": "s3", "userid": name})["apikey"]

    def give(self, source, profile, access="READ"):
        self("POST", f"/dataSource/{source}/access",
             {"profileId": profile, "state": "subscribed", "accessGrant": access})

    def revoke(self, source, profile):
        self("DELETE", f"/dataSource/{source}/access/{profile}")

    def until(self, source, profile, status, access=None):
        """Until the person's grant has that status; None: until the person has no access row."""
        seen, end = None, time.monotonic() + 30
        while time.monotonic() < end:
            users = self("GET", f"/dataSource/{source}/access")["users"]
            seen = next((user for user in users if user["profile"] == profile), None)
            if (seen and seen["grantStatus"]) == status and (not access or seen["accessGrant"] == access):
                return
            time.sleep(0.02)
        pytest.fail(f"wanted {status}, but there is {seen}")


@contextlib.contextmanager
def serving(sandbox, folder, **environment):
    with Program("serve", "--port", "0", "--database", str(folder / "sluice.db"), environment={
            "SLUICE_BOOTSTRAP_API_KEY": KEY, "SLUICE_LOG_LEVEL": "error", "AWS_ENDPOINT_URL": sandbox.url,
            "AWS_REGION": REGION, **environment}) as program:
        yield ControlPlane(program)
