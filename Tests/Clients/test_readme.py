"""The README's commands work as printed, in order, against a server started as `make run` starts it."""

import itertools
import re
import subprocess

from programs import ROOT, Program


def test_the_shell_blocks_of_the_readme_work_as_printed(tmp_path):
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    assert len(blocks) >= 5
    with Program("serve", "--sandbox", "--port", "0", "--database", str(tmp_path / "sluice.db"),
                 environment={"SLUICE_BOOTSTRAP_API_KEY": "sluice-trial-key"}) as server:
        script = "set -eu\n" + "\necho\n".join(blocks)
        script = script.replace("http://127.0.0.1:8080", f"http://127.0.0.1:{server.port}")
        done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr + done.stdout
    statuses = re.findall(r'\{"id":"1","status":"(\w+)"', done.stdout)
    seen = [status for status, _ in itertools.groupby(statuses)]
    assert seen == ["creating", "enabled", "editing", "enabled", "deleting", "deleted"]
