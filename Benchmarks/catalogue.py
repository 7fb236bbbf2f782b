"""GET /dataSource by id, by name and by page at 1,000, 100,000 and 1,000,000 data sources, beside bare SQLite; start-up."""

import contextlib
import random
import sqlite3
import time
import urllib.parse

from filling import data_sources, late_name, name, subscriptions
from harness import deployment, enabled_integration, limited, memory_kept, percentile

SIZES = (1_000, 100_000, 1_000_000)
SAMPLES, ADVERSE_SAMPLES = 400, 100
LATE, SUBSCRIBED_EVERY = 100_000, 10
P99_LIMIT, FLAT_LIMIT, START_LIMIT = 50.0, 2.0, 1.0


def milliseconds(actions):
    samples = []
    for action in actions:
        begun = time.perf_counter()
        action()
        samples.append((time.perf_counter() - begun) * 1000)
    return samples


def shown(label, samples, peer=None):
    beside = f"   bare SQLite p50 {percentile(peer, 0.5):8.2f} ms" if peer else ""
    print(f"    {label:<52} p50 {percentile(samples, 0.5):7.2f} ms   p99 {percentile(samples, 0.99):7.2f} ms{beside}")


def reads(size, chance):
    """Label, paths to read, and what bare SQLite is asked, of each kind of read."""
    def search(text):
        return f"/dataSource?searchText={urllib.parse.quote(text)}", (
            "SELECT id, name FROM data_source WHERE name LIKE ? ORDER BY name, id LIMIT 50", (f"%{text}%",))

    numbers = [chance.randrange(size) for _ in range(SAMPLES)]
    return {
        "by id": [(f"/dataSource/{number + 1}", ("SELECT * FROM data_source WHERE id = ?", (number + 1,)))
                  for number in numbers],
        "search, one name": [search(name(number)) for number in numbers],
        "search, a number's end": [search(f"{number % 1000:03}") for number in numbers],
        "search, a word of many": [search(name(number).split()[1]) for number in numbers],
        "page, by name": [("/dataSource?sortField=name&size=50",
                           ("SELECT id, name FROM data_source ORDER BY name, id LIMIT 50", ()))] * SAMPLES,
        "page, newest first": [("/dataSource?sortField=createdAt&sortOrder=desc&size=50", (
            "SELECT id, name FROM data_source ORDER BY id DESC LIMIT 50", ()))] * SAMPLES,
    }


def measure(made, size):
    results = {}
    with contextlib.closing(sqlite3.connect(f"file:{made.database}?mode=ro", uri=True)) as peer:
        for label, cases in reads(size, random.Random(size)).items():
            for path, _ in cases[:5]:
                made.client.expect(200, "GET", path)
            samples = milliseconds([lambda path=path: made.client.expect(200, "GET", path) for path, _ in cases])
            bare = milliseconds([lambda query=query: peer.execute(*query).fetchall() for _, query in cases[:20]])
            shown(label, samples, bare)
            results[label] = samples
    return results


def reader(client):
    """The id and the key of somebody who may see his own subscriptions only."""
    answer = client.expect(200, "POST", "/bim/iam/bim/user", {
        "iamid": "bim", "userid": "reader", "profile": {"name": "Reader"}, "permissions": []})
    key = client.expect(200, "POST", "/bim/apikey", {"name": "benchmark", "userid": "reader"})["apikey"]
    return int(answer["newUser"]["id"]), key


def adverse(client, whose):
    """What is common but late in the order of names, and short texts that nobody or nearly everybody has."""
    texts = {"common and late": "zeta-lake", "common, late and short": "z", "two letters, late": "ze",
             "one letter of nobody": "w", "two of nobody": "qx", "not ASCII, of nobody": "ü", "number's end": "77"}
    results = {}
    for sort in ("name", "id"):
        for label, text in texts.items():
            path = f"/dataSource?size=50&sortField={sort}&searchText={urllib.parse.quote(text)}"
            label = f"{whose}, by {sort}: {label}"
            client.expect(200, "GET", path)
            results[label] = milliseconds([lambda path=path: client.expect(200, "GET", path)] * ADVERSE_SAMPLES)
            shown(label, results[label])
    for sort in ("name", "id"):
        label = f"{whose}, page by {sort}"
        results[label] = milliseconds(
            [lambda sort=sort: client.expect(200, "GET", f"/dataSource?size=50&sortField={sort}&sortOrder=desc")]
            * ADVERSE_SAMPLES)
        shown(label, results[label])
    return results


def cursor_walk(made):
    """The time of each page of a walk by cursor, up to as many as there are samples."""
    path, samples = "/dataSource?size=50&sortField=name", []
    for _ in range(SAMPLES):
        begun = time.perf_counter()
        page = made.client.expect(200, "GET", path)
        samples.append((time.perf_counter() - begun) * 1000)
        if not page.get("nextCursor"):
            break
        path = f"/dataSource?size=50&sortField=name&cursor={urllib.parse.quote(page['nextCursor'])}"
    return samples


def main():
    print(f"GET /dataSource ({SAMPLES} reads of each kind on one connection)")
    results, kept, there = {}, [], 0
    with deployment() as made:
        integration = enabled_integration(made.client)
        for size in SIZES:
            made.stop()
            data_sources(made.database, integration, range(there, size))
            there = size
            start = made.start()
            print(f"  {size} data sources: answers {start:.2f} s after its start")
            results[size] = measure(made, size) | {"pages by cursor": cursor_walk(made)}
            shown("pages by cursor", results[size]["pages by cursor"])
        made.stop()
        data_sources(made.database, integration, range(there, there + LATE), late_name)
        made.start()
        user, key = reader(made.client)
        made.stop()
        subscriptions(made.database, user, SUBSCRIBED_EVERY)
        made.start()
        results[SIZES[-1]] |= adverse(made.client, "all") | adverse(made.connect(key), "100,000 of his own")
        kept.append(limited(f"start-up with {size} data sources", start, START_LIMIT, "s"))
        by_id = {size: percentile(results[size]["by id"], 0.5) for size in (SIZES[0], SIZES[-1])}
        kept.append(limited("by id at a million, in multiples of that at 1,000", by_id[SIZES[-1]] / by_id[SIZES[0]],
                            FLAT_LIMIT, ""))
        for label, samples in results[SIZES[-1]].items():
            kept.append(limited(f"{label}: p99 at a million", percentile(samples, 0.99), P99_LIMIT, "ms"))
        kept.append(memory_kept(made))
    return all(kept)
