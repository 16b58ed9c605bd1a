"""A fresh stack for a test: deploy/local/up in a directory of its own, and what can be done to it."""

import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from roost_test.wait import eventually

REPOSITORY = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".."))
UP_TIMEOUT_S = 3600


def read_env(path):
    """roost.env as a dictionary, read the way its users read it: by a shell."""
    script = 'set -a; . "$1"; env -0'
    clean = {"PATH": "/usr/bin:/bin"}
    done = subprocess.run(["/bin/bash", "-c", script, "-", path], env=clean, capture_output=True, check=True)
    pairs = (entry.partition("=") for entry in done.stdout.decode().split("\0") if entry)
    return {name: value for name, _, value in pairs if name.startswith("ROOST_")}


class Stack:
    """Options are those of deploy/local/up: Stack("--mail"). ROOST_TEST_BIN names programs built before."""

    def __init__(self, *options, keep=False):
        self.options = list(options)
        self.keep = keep
        self.folder = tempfile.mkdtemp(prefix="roost-test-")
        os.chmod(self.folder, 0o755)
        self.data = os.path.join(self.folder, "d")
        self.env = {}

    def __enter__(self):
        try:
            self.up()
        except BaseException:
            self.show_logs()
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def up(self):
        command = [os.path.join(REPOSITORY, "deploy/local/up"), "--data", self.data]
        if "--listen" not in self.options:
            command += ["--listen", f"127.0.0.1:{free_port()}"] if not self.env else []
        if os.environ.get("ROOST_TEST_BIN"):
            command += ["--bin", os.environ["ROOST_TEST_BIN"]]
        done = subprocess.run(command + self.options, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=UP_TIMEOUT_S, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"deploy/local/up failed:\n{done.stdout}")
        self.reload_env()
        return done.stdout

    def down(self):
        subprocess.run([os.path.join(REPOSITORY, "deploy/local/down"), "--data", self.data], check=True,
                       stdout=subprocess.DEVNULL)

    def close(self):
        if os.path.exists(os.path.join(self.data, "state.json")):
            self.down()
        if self.keep:
            print(f"kept: {self.data}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def reload_env(self):
        self.env = read_env(os.path.join(self.data, "roost.env"))
        return self.env

    def __getitem__(self, name):
        return self.env[name]

    def log(self, name):
        """What a process has said so far."""
        path = os.path.join(self.data, "log", name + ".log")
        if not os.path.exists(path):
            return ""
        with open(path, encoding="utf-8", errors="replace") as source:
            return source.read()

    def show_logs(self, lines=8):
        folder = os.path.join(self.data, "log")
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            tail = self.log(name.removesuffix(".log")).splitlines()[-lines:]
            if tail:
                print(f"--- {name}\n" + "\n".join(tail), flush=True)

    # Processes

    def pids(self):
        with open(os.path.join(self.data, "pids"), encoding="ascii") as source:
            pairs = (line.strip().split("=") for line in source if line.strip())
            return {name: int(pid) for name, pid in pairs}

    def kill(self, name, number=signal.SIGKILL):
        """Sends the signal; returns the pid that had it."""
        pid = self.pids()[name]
        os.kill(pid, number)
        return pid

    def wait_restarted(self, name, old_pid, seconds=30):
        return eventually(f"{name} runs again", seconds, lambda: self.pids().get(name, old_pid) != old_pid)

    def kill_and_wait(self, name):
        self.wait_restarted(name, self.kill(name))

    # Tools

    def program_env(self):
        return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"} | self.env

    def roostctl(self, *arguments, check=True, env=None, input_text=None, timeout=60):
        done = subprocess.run([os.path.join(self["ROOST_BIN"], "roostctl"), *arguments],
                              env=self.program_env() | (env or {}), text=True, input=input_text,
                              stdin=subprocess.DEVNULL if input_text is None else None, capture_output=True,
                              timeout=timeout, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"roostctl {' '.join(arguments)} ended with {done.returncode}: "
                                 f"{done.stdout}{done.stderr}")
        return done

    def doveadm(self, *arguments):
        subprocess.run(["/usr/bin/doveadm", "-c", os.path.join(self.data, "dovecot", "dovecot.conf"), *arguments],
                       check=True, stdin=subprocess.DEVNULL, timeout=60)

    def fsck_is_clean(self, within_s=60):
        """Waits until fsck finds nothing; returns the seconds it took."""
        started = time.monotonic()

        def clean():
            done = self.roostctl("fsck", check=False)
            if done.returncode != 0:
                raise AssertionError(f"fsck: {done.stdout}{done.stderr}")
            return True
        eventually("roostctl fsck is clean", within_s, clean, pause_s=0.5)
        return time.monotonic() - started


_given_ports = set()


def free_port():
    """Outside the range of outgoing connections, as deploy/local chooses its own; never the same twice."""
    while True:
        port = random.randrange(20000, 32000)
        if port in _given_ports:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                _given_ports.add(port)
                return port
            except OSError:
                continue
