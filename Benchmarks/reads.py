"""Authenticated GET /integrations/{id} beside nginx serving the same bytes from memory, by wrk, in turns."""

import contextlib
import json
import pathlib
import re
import statistics
import subprocess
import tempfile
import time

from harness import API_KEY, integration, settled, sluice, tool

ROUNDS, SECONDS, CONNECTIONS = 3, 4, 64


@contextlib.contextmanager
def nginx(body):
    """Serves `body` at /integrations/1 with two workers."""
    with tempfile.TemporaryDirectory(prefix="sluice-bench-nginx-") as folder:
        root = pathlib.Path(folder)
        (root / "html/integrations").mkdir(parents=True)
        (root / "html/integrations/1").write_text(body)
        port = 18980
        (root / "nginx.conf").write_text(f"""
            daemon off; worker_processes 2; pid {root}/pid; error_log {root}/error.log;
            events {{ worker_connections 1024; }}
            http {{ access_log off; default_type application/json; open_file_cache max=10; keepalive_requests 1000000;
                client_body_temp_path {root}/a; proxy_temp_path {root}/b; fastcgi_temp_path {root}/c;
                uwsgi_temp_path {root}/d; scgi_temp_path {root}/e;
                server {{ listen 127.0.0.1:{port}; root {root}/html; }} }}""")
        # The workers drop to another user, who must be able to read the file.
        root.chmod(0o755)
        process = subprocess.Popen([tool("nginx"), "-c", str(root / "nginx.conf"), "-p", folder],
                                   stderr=subprocess.DEVNULL)
        try:
            time.sleep(0.5)
            yield port
        finally:
            process.terminate()
            process.wait(10)


def requests_per_second(port):
    output = subprocess.run(
        [tool("wrk"), "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-H", f"Authorization: {API_KEY}",
         f"http://127.0.0.1:{port}/integrations/1"], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in output:
        raise SystemExit(output)
    return float(re.search(r"Requests/sec:\s+([0-9.]+)", output)[1])


def main():
    print(f"GET /integrations/{{id}}, authenticated, {CONNECTIONS} connections (median of {ROUNDS}, in turns)")
    missing = [name for name in ("nginx", "wrk") if not tool(name)]
    if missing:
        print(f"  skipped: {' and '.join(missing)} not installed (apt-get install nginx-light wrk)")
        return True
    with sluice() as (client, _):
        answer = client.expect(200, "POST", "/integrations", integration("one"))
        settled(client, answer["id"], "enabled")
        body = json.dumps(client.expect(200, "GET", f"/integrations/{answer['id']}"), separators=(",", ":"))
        with nginx(body) as port:
            ours, theirs = [], []
            for _ in range(ROUNDS):
                ours.append(requests_per_second(client.port))
                theirs.append(requests_per_second(port))
    ours, theirs = statistics.median(ours), statistics.median(theirs)
    print(f"  sluice {ours:9.0f}/s   nginx {theirs:9.0f}/s   ratio {ours / theirs:.2f}")
    return True
