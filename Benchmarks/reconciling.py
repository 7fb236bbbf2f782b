"""What ten changes cost the worker: with a handful of grants in place, and with nearly as many as AWS allows."""

from filling import data_sources, grants
from grants import count
from harness import ACCOUNT, deployment, enabled_integration, limited, memory_kept, seconds, until

FEW, MANY = 10, 99_980  # AWS allows an instance 100,000.
GIVEN, REVOKED = 5, 5
GRANTEES = {person: f"arn:aws:iam::{ACCOUNT}:user/{person}" for person in ("alice", "bob")}
STATEMENTS = 1.2


def person(client, name):
    answer = client.expect(200, "POST", "/bim/iam/bim/user", {
        "iamid": "bim", "userid": name,
        "profile": {"name": name.title(), "externalUserIds": {"awsIamPrincipalArn": GRANTEES[name]}},
        "permissions": []})
    return int(answer["newUser"]["id"])


def cost(in_place):
    """Seconds, AWS calls and SQL statements of ten changes, and the deployment's memory limit kept or not."""
    with deployment() as made:
        integration = enabled_integration(made.client)
        alice, bob = person(made.client, "alice"), person(made.client, "bob")
        made.stop()
        first = data_sources(made.database, integration, range(in_place)) + 1
        grants(made, integration, alice, GRANTEES["alice"], range(in_place))
        made.start()
        made.reset_aws_calls()
        statements = made.metric("sluice_store_statements_total")

        def change():
            for identifier in range(first, first + GIVEN):
                made.client.expect(200, "POST", f"/dataSource/{identifier}/access",
                                   {"profileId": bob, "state": "subscribed", "accessGrant": "READ"})
            for identifier in range(first, first + REVOKED):
                made.client.expect(200, "DELETE", f"/dataSource/{identifier}/access/{alice}")
            until(lambda: settled(made, in_place))

        elapsed, _ = seconds(change)
        calls = made.aws_calls()
        return elapsed, calls, made.metric("sluice_store_statements_total") - statements, memory_kept(made)


def settled(made, in_place):
    return count(made.database, "SELECT count(*) FROM subscription WHERE is_planned = 0") == 0 and count(
        made.database, "SELECT count(*) FROM access_grant WHERE next_attempt_at IS NOT NULL OR status <> 'active'"
    ) == 0 and count(made.aws_database, "SELECT count(*) FROM access_grants_grant") == in_place + GIVEN - REVOKED


def main():
    print(f"{GIVEN} people given access and {REVOKED} taken it, with grants in place")
    results = {}
    for in_place in (FEW, MANY):
        print(f"  {in_place} in place:")
        elapsed, calls, statements, kept = cost(in_place)
        print(f"  {elapsed:.2f} s, {statements} statements, AWS calls: "
              + ", ".join(f"{name} {number}" for name, number in calls.items()))
        results[in_place] = (sum(calls.values()), statements, kept)
    few, many = results[FEW], results[MANY]
    return all([limited("AWS calls", many[0], GIVEN + REVOKED, ""),
                limited("statements, in multiples of those with few in place", many[1] / few[1], STATEMENTS, ""),
                few[2], many[2]])
