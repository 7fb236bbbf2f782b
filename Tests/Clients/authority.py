"""A certificate authority of one's own, and a certificate of it for 127.0.0.1; made by the `openssl` command."""

import subprocess

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


class Authority:
    """`certificate` is what clients trust; `server_certificate` and `server_key` are the server's. PEM files."""

    def __init__(self, folder):
        self.certificate, self.server_certificate, self.server_key = (
            str(folder / name) for name in ("authority.pem", "server.pem", "server.key"))

        def openssl(*arguments):
            subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

        openssl("req", "-x509", *KEY, "-keyout", "authority.key", "-out", "authority.pem", "-subj", "/CN=authority",
                "-days", "2")
        openssl("req", *KEY, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=server", "-addext",
                "subjectAltName=IP:127.0.0.1")
        openssl("x509", "-req", "-in", "server.csr", "-CA", "authority.pem", "-CAkey", "authority.key", "-days", "2",
                "-copy_extensions", "copy", "-out", "server.pem")
