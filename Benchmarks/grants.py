"""1,000 new grants with 20 ms added to every AWS call, beside Terraform; and the same under throttling."""

import contextlib
import sqlite3

import terraform
from harness import ACCOUNT, deployment, enabled_integration, limited, memory_kept, seconds, until

GRANTS = 1_000
READER = f"arn:aws:iam::{ACCOUNT}:user/alice"
LATENCY = 20
THROTTLE = 100
FASTER, CALLS, THROTTLED_CALLS = 10, 1.02, 1.3


def register(client, integration, count, folder):
    return client.expect(200, "POST", "/native-s3/handler", {
        "type": "Native S3", "integrationId": integration,
        "dataSources": [{"dataSourceName": f"{folder} {number}", "prefix": f"{folder}/{number}/"}
                        for number in range(count)]})


def becomes_reader(client):
    """The administrator, who owns what he registers, is known to AWS from now on: each data source needs a grant."""
    client.expect(200, "PUT", "/bim/iam/bim/user/admin/profile", {
        "name": "Administrator", "externalUserIds": {"awsIamPrincipalArn": READER}})


def count(database, sql):
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return connection.execute(sql).fetchone()[0]


def make(made):
    """Registers the data sources and waits for their grants. How long it took, and until the POST answered."""
    integration = enabled_integration(made.client)
    becomes_reader(made.client)
    made.reset_aws_calls()

    def everything():
        posted, _ = seconds(lambda: register(made.client, integration, GRANTS, "sluice"))
        until(lambda: count(made.database, "SELECT count(*) FROM access_grant WHERE status = 'active'") == GRANTS,
              deadline=300)
        return posted

    return seconds(everything)


def calls_per_grant(made):
    calls = made.aws_calls()
    print("  AWS calls: " + ", ".join(f"{name} {number}" for name, number in calls.items()))
    return sum(calls.values()) / GRANTS


def none_is_lost(made, folder):
    there = count(made.aws_database,
                  f"SELECT count(DISTINCT scope) FROM access_grants_grant WHERE scope LIKE '%/{folder}/%'")
    if there != GRANTS:
        print(f"  AWS has {there} grants, not {GRANTS}   MISSED")
    return there == GRANTS


def beside_terraform():
    print(f"{GRANTS} new grants, {LATENCY} ms added to every AWS call")
    with deployment("--latency", str(LATENCY)) as made:
        ours, posted = make(made)
        print(f"  sluice, from the POST until all are active {ours:.2f} s (the POST answered after {posted:.2f} s)")
        kept = [limited("AWS calls per grant", calls_per_grant(made), CALLS, ""), none_is_lost(made, "sluice"),
                memory_kept(made)]
        reason = terraform.missing()
        if reason:
            print(f"  terraform skipped: {reason}")
            return all(kept)
        location = count(made.aws_database, "SELECT location_id FROM access_grants_location")
        made.stop()
        made.reset_aws_calls()
        theirs = terraform.apply(made.aws_program.port, location, GRANTS, READER)
        print(f"  terraform apply -parallelism=16 {theirs:.2f} s")
        kept += [none_is_lost(made, "terraform")]
        print(f"  AWS calls of terraform per grant {calls_per_grant(made):.2f}")
    faster = theirs / ours
    print(f"  sluice is {faster:.1f} times as fast (wanted: at least {FASTER} times)"
          + ("" if faster >= FASTER else "   MISSED"))
    return all(kept) and faster >= FASTER


def throttled():
    print(f"{GRANTS} new grants, {LATENCY} ms added, and AWS throttles at {THROTTLE} calls a second")
    with deployment("--latency", str(LATENCY), "--throttle", str(THROTTLE)) as made:
        elapsed, _ = make(made)
        least = (GRANTS - THROTTLE) / THROTTLE
        print(f"  all active after {elapsed:.1f} s (no one could do it in less than {least:.1f} s)")
        return all([limited("AWS calls per grant", calls_per_grant(made), THROTTLED_CALLS, ""),
                    none_is_lost(made, "sluice"), memory_kept(made)])


def main():
    kept = beside_terraform()
    return throttled() and kept
