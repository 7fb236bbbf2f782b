"""Writes data sources and grants straight into the databases of a stopped server and its embedded AWS, by their schema.

Made through the API, a million data sources would take a benchmark minutes; what is read back is the same.
"""

import contextlib
import sqlite3

from harness import ACCOUNT, REGION

BUCKET = "s3://sandbox-data/"
ADMIN_ID, NOW = 1, 1_790_000_000_000
TEAMS = ("sales", "research", "finance", "logistics", "marketing", "support", "quality", "security")
TOPICS = ("orders", "invoices", "telemetry", "customers", "suppliers", "forecasts", "returns", "sessions", "prices",
          "contracts", "shipments", "surveys", "tickets", "audits")


@contextlib.contextmanager
def writing(database):
    """A connection with one transaction. Triggers, indexes and the index of words are made anew at its end: quicker."""
    with contextlib.closing(sqlite3.connect(database, timeout=30)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -256000")
        with connection:
            dropped = connection.execute(
                """
                SELECT type, name, sql FROM sqlite_schema
                WHERE type IN ('trigger', 'index') AND tbl_name IN ('data_source', 'subscription') AND sql IS NOT NULL
                """).fetchall()
            for kind, name, _ in dropped:
                connection.execute(f"DROP {kind} {name}")
            yield connection
            for _, _, sql in dropped:
                connection.execute(sql)
            if dropped:
                connection.execute("INSERT INTO data_source_trigram (data_source_trigram) VALUES ('rebuild')")
                stretches(connection)


def stretches(connection, length=500):
    """The stretches of names that a search is led by, made anew; the names here are all ASCII."""
    connection.execute("DELETE FROM name_stretch_trigram")
    connection.execute("DELETE FROM name_stretch")
    names = connection.execute("SELECT name FROM data_source ORDER BY name")
    number = 0
    while number == 0 or part:
        part = [row[0] for row in names.fetchmany(length)]
        if part or number == 0:
            number += 1
            connection.execute("INSERT INTO name_stretch (id, first_name, name_count) VALUES (?, ?, ?)",
                               (number, part[0] if number > 1 else "", len(part)))
            padded = [f"{name.lower()}\1\1" for name in part]
            trigrams = {name[start:start + 3] for name in padded for start in range(len(name) - 2)}
            connection.executemany("INSERT INTO name_stretch_trigram (stretch_id, trigram) VALUES (?, ?)",
                                   ((number, trigram) for trigram in sorted(trigrams)))


def name(number):
    return f"{TEAMS[number % len(TEAMS)]} {TOPICS[number // len(TEAMS) % len(TOPICS)]} {number:07}"


def folder(number):
    return name(number).replace(" ", "/") + "/"


def late_name(number):
    """After all others in the order of names."""
    return f"zeta-lake {number:07}"


def data_sources(database, integration, numbers, name=name):
    """Data sources of those numbers, which the administrator owns. Returns the id that theirs follow."""
    with writing(database) as connection:
        after = connection.execute("SELECT coalesce(max(id), 0) FROM data_source").fetchone()[0]
        connection.executemany(
            """
            INSERT INTO data_source (id, revision, integration_id, name, sql_table_name, description, prefix,
                prefix_kind, scope, is_disabled, created_by, created_at, updated_at)
            VALUES (?, 1, ?, ?, ?, NULL, ?, 'folder', ?, 0, ?, ?, ?)
            """,
            ((after + place + 1, integration, name(number), name(number).replace(" ", "_"), folder(number),
              BUCKET + folder(number), ADMIN_ID, NOW + number, NOW + number)
             for place, number in enumerate(numbers)))
        subscribe(connection, ADMIN_ID, "owner",
                  ((after + place + 1, name(number)) for place, number in enumerate(numbers)))
        return after


def subscriptions(database, user, every):
    """The user is subscribed to one data source of `every`."""
    with writing(database) as connection:
        subscribe(connection, user, "subscribed", connection.execute(
            "SELECT id, name FROM data_source WHERE id % ? = 0", (every,)).fetchall())


def subscribe(connection, user, state, named_ids):
    connection.executemany(
        """
        INSERT INTO subscription (data_source_id, data_source_name, user_id, state, access_grant, is_revoked,
            is_planned, created_by, created_at, updated_at)
        VALUES (?, ?, ?, ?, 'READ', 0, 1, ?, ?, ?)
        """,
        ((identifier, name, user, state, ADMIN_ID, NOW, NOW) for identifier, name in named_ids))


def grants(deployment, integration, user, grantee, numbers):
    """An active grant for the user on each data source of `data_sources(…, numbers)`, in both databases."""
    with writing(deployment.aws_database) as connection:
        instance, location, location_id = connection.execute(
            """
            SELECT i.id, l.id, l.location_id FROM access_grants_location l
            JOIN access_grants_instance i ON i.id = l.instance WHERE i.region = ? AND l.scope = ?
            """, (REGION, BUCKET)).fetchone()
        connection.executemany(
            """
            INSERT INTO access_grants_grant (instance, grant_id, location, sub_prefix, scope, grantee_type, grantee,
                permission, application, created_at)
            VALUES (?, ?, ?, ?, ?, 'IAM', ?, 'READ', '', ?)
            """,
            ((instance, grant_id(number), location, f"{folder(number)}*", f"{BUCKET}{folder(number)}*", grantee, NOW)
             for number in numbers))
        connection.execute("UPDATE access_grants_instance SET grant_count = grant_count + ? WHERE id = ?",
                           (len(numbers), instance))
    with writing(deployment.database) as connection:
        ids = dict(connection.execute("SELECT name, id FROM data_source"))
        subscribe(connection, user, "subscribed", ((ids[name(number)], name(number)) for number in numbers))
        connection.executemany(
            """
            INSERT INTO access_grant (integration_id, location_path, sub_prefix, is_object, grantee_type,
                grantee_identifier, permission, is_wanted, status, grant_id, grant_arn, location_id, is_foreign,
                failures, since)
            VALUES (?, ?, ?, 0, 'IAM', ?, 'READ', 1, 'active', ?, ?, ?, 0, 0, ?)
            """,
            ((integration, BUCKET, f"{folder(number)}*", grantee, grant_id(number),
              f"arn:aws:s3:{REGION}:{ACCOUNT}:access-grants/default/grant/{grant_id(number)}", location_id, NOW)
             for number in numbers))
        subscriptions = dict(connection.execute(
            "SELECT data_source_id, id FROM subscription WHERE user_id = ?", (user,)))
        made = dict(connection.execute("SELECT grant_id, id FROM access_grant WHERE grant_id IS NOT NULL"))
        connection.executemany(
            "INSERT INTO grant_need (subscription_id, access_grant_id, is_superseded) VALUES (?, ?, 0)",
            ((subscriptions[ids[name(number)]], made[grant_id(number)]) for number in numbers))


def grant_id(number):
    return f"00000000-0000-4000-8000-{number:012}"
