"""The README's commands work as printed, in order, against a server started as `make run` starts it."""

import itertools
import os
import pathlib
import re
import socket
import subprocess
import sys

from programs import ROOT, Program


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_the_shell_blocks_of_the_readme_work_as_printed(tmp_path):
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    assert len(blocks) >= 5
    aws = free_port()
    with Program("serve", "--sandbox", "--port", "0", "--database", str(tmp_path / "sluice.db"),
                 environment={"SLUICE_BOOTSTRAP_API_KEY": "sluice-trial-key", "SLUICE_SANDBOX_PORT": str(aws)}) as server:
        script = "set -eu\n" + "\necho\n".join(blocks)
        script = script.replace("http://127.0.0.1:8080", f"http://127.0.0.1:{server.port}")
        script = script.replace("http://127.0.0.1:4566", f"http://127.0.0.1:{aws}")
        path = f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"
        done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=120,
                              env={**os.environ, "PATH": path})
    assert done.returncode == 0, done.stderr + done.stdout
    statuses = re.findall(r'\{"id":"1","status":"(\w+)"', done.stdout)
    seen = [status for status, _ in itertools.groupby(statuses)]
    assert seen == ["creating", "enabled", "editing", "enabled", "deleting", "deleted"]
    assert "region,amount\nnorth,120" in done.stdout
    assert "An error occurred (AccessDenied) when calling the GetDataAccess operation" in done.stdout
    assert done.stdout.index("region,amount") < done.stdout.index("(AccessDenied)")
