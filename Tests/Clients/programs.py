"""Programs that the client tests and the benchmarks start on 127.0.0.1 and end again."""

import os
import pathlib
import re
import subprocess
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("SLUICE_BINARY") or str(ROOT / ".build/debug/sluice")


class Program:
    """A `sluice` process that prints `Listening on http://127.0.0.1:PORT` when it is ready."""

    def __init__(self, *arguments, environment=None, binary=BINARY):
        self.binary, self.arguments = binary, arguments
        self.environment = {**os.environ, **(environment or {})}

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self.process = subprocess.Popen([self.binary, *self.arguments], stdout=subprocess.PIPE,
                                        env=self.environment, text=True)
        alarm = threading.Timer(30, self.process.kill)
        alarm.start()
        for line in self.process.stdout:
            match = re.match(r"Listening on https?://127\.0\.0\.1:(\d+)", line)
            if match:
                self.port = int(match[1])
                break
        else:
            raise RuntimeError(f"sluice {' '.join(self.arguments)} ended before it listened")
        alarm.cancel()
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        return self

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
