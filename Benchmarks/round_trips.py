"""What each call of the integrations API costs: AWS calls and SQL commits (its own, and the worker's after it)."""

import re
import time

from harness import integration, settled, sluice


def commits(client):
    _, text = client.call("GET", "/metrics")
    match = re.search(r"^sluice_store_commits_total(?:\{[^}]*\})? ([0-9.e+]+)$", str(text), re.M)
    return int(float(match[1])) if match else 0


def measure(client, aws, label, action, settle=lambda answer: None):
    """Prints the cost of one call, worker included, and returns its answer."""
    aws.call("DELETE", "/_sandbox/calls")
    before = commits(client)
    answer = action()
    settle(answer)
    time.sleep(0.2)  # the worker's last commit may follow the answer of ?wait
    calls = aws.expect(200, "GET", "/_sandbox/calls")
    made = {name: count for name, count in sorted(calls.items()) if count}
    print(f"  {label:<34} AWS calls {sum(made.values()):>2}   commits {commits(client) - before:>2}   "
          + ", ".join(f"{name} {count}" for name, count in made.items()))
    return answer


def main():
    print("AWS calls and SQL commits of each API call (the worker's included)")
    with sluice() as (client, aws):
        created = measure(client, aws, "POST /integrations",
                          lambda: client.expect(200, "POST", "/integrations", integration("one")),
                          lambda answer: settled(client, answer["id"], "enabled"))
        path = f"/integrations/{created['id']}"
        measure(client, aws, "GET /integrations", lambda: client.expect(200, "GET", "/integrations"))
        measure(client, aws, "GET /integrations/{id}", lambda: client.expect(200, "GET", path))
        measure(client, aws, "GET /integrations/{id}/status", lambda: client.expect(200, "GET", path + "/status"))
        measure(client, aws, "POST /integrations?dryRun=true",
                lambda: client.expect(200, "POST", "/integrations?dryRun=true", integration("two", "s3://sandbox-data/x/")))
        measure(client, aws, "POST /integrations/{id}/validate", lambda: client.expect(200, "POST", path + "/validate"))
        measure(client, aws, "PUT (name)", lambda: client.expect(200, "PUT", path, integration("renamed")),
                lambda answer: settled(client, created["id"], "enabled"))
        measure(client, aws, "PUT (path)",
                lambda: client.expect(200, "PUT", path, integration("renamed", "s3://sandbox-data/moved/")),
                lambda answer: settled(client, created["id"], "enabled"))
        measure(client, aws, "DELETE", lambda: client.expect(200, "DELETE", path),
                lambda answer: settled(client, created["id"], "deleted"))
        measure(client, aws, "POST /integrations (refused)",
                lambda: client.expect(422, "POST", "/integrations", integration("bad", awsSecretAccessKey="wrong")))
