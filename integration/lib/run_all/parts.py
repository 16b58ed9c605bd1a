"""What each part of integration/run does; every function returns the numbers of cases passed and failed."""

import atexit
import functools
import os
import re
import shutil
import subprocess
import tempfile
import time

from roost_local import ui as web_ui
from roost_local.build import PROGRAMS
from roost_test.stack import REPOSITORY
from run_all import bazel, script

CLOSING_LINE = re.compile(r"^(\d+) passed, (\d+) failed$", re.M)
KILL_SEED_DIGITS = 10**6


def _as_case(succeeded):
    return (1, 0) if succeeded else (0, 1)


# With Bazel

def lint(_options):
    done = subprocess.run(["bazel", "run", "--color=no", "--curses=no", "//:lint", "--", "--no-tidy"], cwd=REPOSITORY,
                          env=bazel.environment(), text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    print(done.stdout, flush=True)
    passed = len(re.findall(r"^lint: .*: ok$", done.stdout, re.M))
    failed = len(re.findall(r"^lint: .*: FAILED$", done.stdout, re.M))
    return passed, failed or (0 if done.returncode == 0 else 1)


def gcc(_options):
    return _as_case(bazel.run("build", "--config=release", *PROGRAMS.values()))


def clang(_options):
    return _as_case(bazel.run("build", "--config=clang", "//..."))


def tidy(_options):
    return _as_case(bazel.run("build", "--config=tidy", "//..."))


def unit(_options):
    return bazel.test("--config=asan", "--test_output=errors", "--test_summary=terse", "//...")


def fuzz(options):
    targets = bazel.output("query", 'filter("_fuzz_run$", kind(cc_binary, //...))').split()
    if not bazel.run("build", "--config=fuzz", *targets):
        return 0, max(1, len(targets))
    root = bazel.output("info", "--config=fuzz", "bazel-bin").strip()
    passed = failed = 0
    for target in targets:
        package, _, name = target.removeprefix("//").partition(":")
        corpus = os.path.join(REPOSITORY, package, "testdata", name.removesuffix("_run"))
        with tempfile.TemporaryDirectory() as found:
            command = [os.path.join(root, package, name), f"-max_total_time={options.fuzz_seconds}", "-timeout=10",
                       "-verbosity=0", f"-artifact_prefix={found}/", found] + ([corpus] if os.path.isdir(corpus) else [])
            print(f"$ {target} for {options.fuzz_seconds} s", flush=True)
            succeeded = subprocess.run(command, cwd=REPOSITORY, stdin=subprocess.DEVNULL, check=False).returncode == 0
            if not succeeded:
                print(f"FAILED {target}: what broke it is above; put it into {corpus}", flush=True)
        passed, failed = passed + succeeded, failed + (not succeeded)
    return passed, failed


# With stacks

@functools.cache
def _programs():
    """A folder with links to the release build's programs and to the web UI; builds what is not there."""
    folder = tempfile.mkdtemp(prefix="roost-bin-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if not bazel.run("build", "--config=release", *PROGRAMS.values()):
        raise RuntimeError("the release build failed")
    root = bazel.output("info", "--config=release", "bazel-bin").strip()
    for name, target in PROGRAMS.items():
        os.symlink(os.path.join(root, target[2:].replace(":", "/")), os.path.join(folder, name))
    os.symlink(web_ui.build(), os.path.join(folder, "ui"))
    return folder


def _script(*command, timeout_s, needs_programs=True):
    """Runs a test script with its output on ours; returns the numbers of its closing line."""
    print("$ " + " ".join(command), flush=True)
    environment = dict(os.environ)
    if needs_programs and "ROOST_TEST_BIN" not in environment:
        environment["ROOST_TEST_BIN"] = _programs()
    text, code, is_in_time = script.run([os.path.join(REPOSITORY, command[0]), *command[1:]], timeout_s=timeout_s,
                                        cwd=REPOSITORY, env=environment)
    if not is_in_time:
        print(f"FAILED {command[0]}: not within {timeout_s} s", flush=True)
    found = CLOSING_LINE.findall(text)
    if not found:
        print(f"FAILED {command[0]}: it ended with {code} and no result", flush=True)
        return 0, 1
    passed, failed = (int(number) for number in found[-1])
    return passed, failed or (0 if code == 0 and is_in_time else 1)


def _kept(options):
    return ["--keep"] if options.keep else []


def ui(_options):
    return _script("integration/ui", timeout_s=600, needs_programs=False)


def local(options):
    return _script("integration/local", *_kept(options), timeout_s=600)


def api(options):
    return _script("integration/api", *_kept(options), timeout_s=900)


def main_job(options):
    return _script("integration/main_job", *_kept(options), timeout_s=1200)


def mail_contract(options):
    return _script("integration/mail_contract", *_kept(options), timeout_s=900)


def e2e(options):
    return _script("integration/e2e", *_kept(options), timeout_s=1200)


def kills(options):
    seed = str(time.time_ns() % KILL_SEED_DIGITS)
    return _script("integration/main_job", "--layout", "id", "--random-kills", seed, *_kept(options), timeout_s=1200)
