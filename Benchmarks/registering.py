"""10,000 data sources in one request, beside the bare inserts by the sqlite3 of Python's library."""

import contextlib
import os
import sqlite3
import tempfile

from grants import register
from harness import deployment, enabled_integration, limited, memory_kept, seconds

COUNT = 10_000
LIMIT = 2.0


def bare_inserts(columns):
    """The same number of rows of as many columns in one durable transaction, without an index."""
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        with contextlib.closing(sqlite3.connect(os.path.join(folder, "bare.db"))) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"CREATE TABLE bare ({', '.join(f'c{number}' for number in range(columns))})")

            def insert():
                with connection:
                    connection.executemany(
                        f"INSERT INTO bare VALUES ({', '.join('?' * columns)})",
                        ((number, *(f"value {number}" for _ in range(columns - 1))) for number in range(COUNT)))

            return seconds(insert)[0]


def main():
    print(f"{COUNT} data sources in one request")
    with deployment() as made:
        integration = enabled_integration(made.client)
        elapsed, answer = seconds(lambda: register(made.client, integration, COUNT, "one request"))
        if len({item["dataSourceId"] for item in answer}) != COUNT:
            raise SystemExit("not every data source was made")
        kept = [limited("POST /native-s3/handler", elapsed, LIMIT, "s"), memory_kept(made)]
    print(f"  (bare inserts of as many rows: {bare_inserts(12):.2f} s)")
    return all(kept)
