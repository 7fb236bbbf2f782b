"""How long a caller waits, in round trips to AWS, when each takes 50 ms more."""

import statistics

from harness import integration, seconds, settled, sluice

ROUND_TRIP = 0.050
ROUNDS = 5
POST_LIMIT, ENABLED_LIMIT = 1.5, 3.0


def main():
    print(f"Waiting, with {ROUND_TRIP * 1000:.0f} ms added to every AWS call (warm, median of {ROUNDS})")
    posts, enabled = [], []
    with sluice(("--latency", "50")) as (client, _):
        for round in range(ROUNDS + 1):
            body = integration(f"round {round}", f"s3://sandbox-data/round-{round}/")
            posted, answer = seconds(lambda: client.expect(200, "POST", "/integrations", body))
            carried, _ = seconds(lambda: settled(client, answer["id"], "enabled"))
            if round:  # the first one is cold
                posts.append(posted / ROUND_TRIP)
                enabled.append(carried / ROUND_TRIP)
    post, carry = statistics.median(posts), statistics.median(enabled)
    print(f"  POST answers after        {post:5.2f} round trips (wanted: at most {POST_LIMIT})")
    print(f"  then enabled within       {carry:5.2f} round trips (wanted: at most {ENABLED_LIMIT})")
    return post <= POST_LIMIT and carry <= ENABLED_LIMIT
