"""Building the programs and putting them into the data directory, where every user of the stack may run them."""

import hashlib
import os
import shutil
import subprocess

from roost_local.progress import StackError, step
from roost_local.stack import SERVICES

REPOSITORY = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".."))
# Program: Bazel target.
PROGRAMS = {name: f"//services/{name}:{name}" for name in SERVICES} | {
    "mailbox-agent": "//services/mailbox_agent:mailbox-agent",
    "gateway": "//gateway:gateway",
    "roostctl": "//services/roostctl:roostctl",
}
BAZEL_FLAGS = ["--config=release", "--show_progress", "--color=no", "--curses=no", "--show_progress_rate_limit=10"]


def build():
    """Builds in release mode; returns the folder that PROGRAMS' paths are relative to."""
    environment = dict(os.environ)
    environment.setdefault("HOME", "/root" if os.geteuid() == 0 else "/")
    command = ["bazel", "build", *BAZEL_FLAGS, *PROGRAMS.values()]
    child = subprocess.Popen(command, cwd=REPOSITORY, env=environment, text=True, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    lines = []
    for line in child.stdout:
        lines.append(line)
        if line.startswith("[") or line.startswith("INFO: Elapsed") or line.startswith("Analyzing"):
            step("  " + line.rstrip()[:110])
    if child.wait() != 0:
        raise StackError("the build failed:\n" + "".join(lines[-60:]))
    found = subprocess.run(["bazel", "info", "--config=release", "bazel-bin"], cwd=REPOSITORY, env=environment,
                           text=True, capture_output=True, check=True)
    return found.stdout.strip()


def built_paths(bin_root):
    return {name: os.path.join(bin_root, target[2:].replace(":", "/")) for name, target in PROGRAMS.items()}


def given_paths(folder):
    """--bin DIR: the programs side by side under their own names."""
    return {name: os.path.join(folder, name) for name in PROGRAMS}


def _digest(path):
    if not os.path.exists(path):
        return None
    with open(path, "rb") as source:
        return hashlib.sha256(source.read()).hexdigest()


def install(stack, paths):
    """Copies what differs; returns the digests of all programs by name."""
    missing = [path for path in paths.values() if not os.path.exists(path)]
    if missing:
        raise StackError("programs are missing: " + ", ".join(missing))
    digests = {}
    for name, path in paths.items():
        target = os.path.join(stack.bin_dir, name)
        digests[name] = _digest(path)
        if digests[name] != _digest(target):
            shutil.copyfile(path, target + ".new")
            os.chmod(target + ".new", 0o755)
            os.replace(target + ".new", target)
    return digests
