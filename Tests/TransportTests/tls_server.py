"""TLS servers on 127.0.0.1, each with a certificate that differs in one thing, all issued by one authority.

Makes the certificates in the folder it is given, prints one JSON object, {"port by certificate"}, when all listen, and
ends when its standard input does. Needs Python's standard library and the `openssl` command.
"""

import http.server
import json
import pathlib
import shutil
import ssl
import subprocess
import sys
import threading

FOLDER = pathlib.Path(sys.argv[1])
KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
# Name of the certificate, what it is for, and days from now to its end.
LEAVES = [("valid", "IP:127.0.0.1", "1"), ("expired", "IP:127.0.0.1", "-1"), ("other-host", "DNS:aws.example", "1")]


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], cwd=FOLDER, check=True, capture_output=True)


def authority(name):
    openssl("req", "-x509", *KEY, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}",
            "-days", "2")


def leaf(name, subject, days):
    openssl("req", *KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}",
            "-addext", f"subjectAltName={subject}")
    openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "authority.pem", "-CAkey", "authority.key",
            "-days", days, "-copy_extensions", "copy", "-out", f"{name}.pem")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    """Shakes hands on the thread of the connection, and does not mind clients that refuse."""

    def __init__(self, name):
        super().__init__(("127.0.0.1", 0), Handler)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(FOLDER / f"{name}.pem", FOLDER / f"{name}.key")

    def finish_request(self, request, client_address):
        with self.context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, *_):
        pass


authority("authority")
authority("stranger")
servers = {}
for name, subject, days in LEAVES:
    leaf(name, subject, days)
    servers[name] = Server(name)
    threading.Thread(target=servers[name].serve_forever, daemon=True).start()
print(json.dumps({name: server.server_address[1] for name, server in servers.items()}), flush=True)
sys.stdin.read()
shutil.rmtree(FOLDER)
