"""The web UI: building it and putting it beside the programs, where the gateway may read it."""

import hashlib
import os
import shutil
import subprocess

from roost_local.build import REPOSITORY
from roost_local.progress import StackError, step

SOURCES = os.path.join(REPOSITORY, "gateway", "ui")


def build():
    """Returns the folder with what was built; takes a moment where nothing has changed."""
    child = subprocess.Popen([os.path.join(SOURCES, "build")], text=True, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    lines = []
    for line in child.stdout:
        lines.append(line)
        step("  web UI: " + line.rstrip()[:110])
    if child.wait() != 0:
        raise StackError("the web UI could not be built (--no-ui goes without):\n" + "".join(lines[-60:]))
    return os.path.join(SOURCES, "dist")


def _digest(folder):
    """Of all files' names and contents but for hidden ones; None where there is no page."""
    if folder is None or not os.path.exists(os.path.join(folder, "index.html")):
        return None
    digest = hashlib.sha256()
    for path, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(name for name in names if not name.startswith(".")):
            file = os.path.join(path, name)
            with open(file, "rb") as source:
                digest.update(f"{os.path.relpath(file, folder)} {os.path.getsize(file)}\n".encode() + source.read())
    return digest.hexdigest()


def install(stack, folder):
    """Copies it if it differs; returns its digest, or None where there is none."""
    digest = _digest(folder)
    if digest is None or digest == _digest(stack.ui_dir):
        return digest
    part = stack.ui_dir + ".new"
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(folder, part, ignore=shutil.ignore_patterns(".*"))
    for path, _, names in os.walk(part):
        os.chmod(path, 0o755)
        for name in names:
            os.chmod(os.path.join(path, name), 0o644)
    shutil.rmtree(stack.ui_dir, ignore_errors=True)
    os.replace(part, stack.ui_dir)
    return digest
