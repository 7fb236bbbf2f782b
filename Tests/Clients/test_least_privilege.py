"""The documented IAM policy is enough: the sandbox's role `sluice` has it and nothing else, and refuses every other call."""

import json
import urllib.request

from conftest import ACCESS_KEY, ACCOUNT, CONTROL_ROLE, LOCATION_ROLE, SECRET_KEY
from programs import Program

KEY = "least-privilege-key"


def test_a_whole_life_needs_no_action_beyond_the_documented_policy(tmp_path):
    with Program("serve", "--sandbox", "--port", "0", "--database", str(tmp_path / "sluice.db"),
                 environment={"SLUICE_BOOTSTRAP_API_KEY": KEY, "SLUICE_LOG_LEVEL": "error"}) as server:
        def call(method, path, body=None):
            request = urllib.request.Request(
                f"http://127.0.0.1:{server.port}{path}", method=method, data=body and json.dumps(body).encode(),
                headers={"Authorization": KEY, "Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)

        def integration(path, role=LOCATION_ROLE):
            return {"type": "Native S3", "autoBootstrap": False, "config": {
                "name": "least", "awsAccountId": ACCOUNT, "awsRegion": "us-east-1", "awsLocationRole": role,
                "awsLocationPath": path, "authenticationType": "accessKey", "awsAccessKeyId": ACCESS_KEY,
                "awsSecretAccessKey": SECRET_KEY, "awsRoleToAssume": CONTROL_ROLE}}

        def settled():
            return call("GET", "/integrations/1/status?wait=30")["status"]

        call("POST", "/integrations", integration("s3://sandbox-data/"))
        assert settled() == "enabled"
        call("PUT", "/integrations/1", integration("s3://sandbox-data/raw/"))
        assert settled() == "enabled"
        call("PUT", "/integrations/1", integration("s3://sandbox-data/raw/", LOCATION_ROLE + "-2"))
        assert settled() == "enabled"
        assert call("POST", "/integrations/1/validate")["validationResults"]["status"] == "passed"
        assert call("POST", "/integrations?dryRun=true", integration("s3://"))[
            "validationResults"]["validationTests"][5]["status"] == "passed"
        call("DELETE", "/integrations/1")
        assert settled() == "deleted"
