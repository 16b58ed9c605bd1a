"""A Knot name server with zones of the test's own."""

import os
import shutil
import signal
import subprocess
import tempfile
import time

from roost_test.stack import free_port
from roost_test.wait import eventually

CONF = """\
server:
    rundir: "{folder}"
    listen: 127.0.0.1@{port}
    pidfile: "{folder}/knot.pid"
log:
  - target: stderr
    any: error
database:
    storage: "{folder}/db"
template:
  - id: default
    storage: "{folder}"
    file: "%s.zone"
zone:
"""


class NameServer:
    """zones: {"example.test": ["MX 10 mail", "mail A 127.0.0.1"]}; the SOA and NS records are added."""

    def __init__(self, zones):
        self.folder = tempfile.mkdtemp(prefix="roost-dns-")
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        text = CONF.format(folder=self.folder, port=self.port)
        for name, records in zones.items():
            text += f"  - domain: {name}\n"
            self._write_zone(name, records)
        with open(os.path.join(self.folder, "knot.conf"), "w", encoding="ascii") as out:
            out.write(text)
        self.process = None

    def _write_zone(self, name, records):
        lines = ["$TTL 60", f"@ SOA ns hostmaster {time.time_ns() % 2**32} 3600 600 86400 60", "@ NS ns",
                 "ns A 127.0.0.1"] + records
        with open(os.path.join(self.folder, name + ".zone"), "w", encoding="ascii") as out:
            out.write("\n".join(lines) + "\n")

    def __enter__(self):
        with open(os.path.join(self.folder, "knot.log"), "ab") as log:
            self.process = subprocess.Popen(["/usr/sbin/knotd", "-c", os.path.join(self.folder, "knot.conf")],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        eventually("the name server", 60, self._answers)
        return self

    def _answers(self):
        done = subprocess.run(["/usr/sbin/knotc", "-s", os.path.join(self.folder, "knot.sock"), "status"],
                              capture_output=True, check=False)
        return done.returncode == 0

    def replace_zone(self, name, records):
        self._write_zone(name, records)
        subprocess.run(["/usr/sbin/knotc", "-b", "-s", os.path.join(self.folder, "knot.sock"), "zone-reload", name],
                       check=True, capture_output=True)

    def freeze(self):
        """It takes questions and never answers."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self):
        """Nobody listens any more."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
