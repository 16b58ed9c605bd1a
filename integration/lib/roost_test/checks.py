"""Named checks in order, each passed or failed, and the closing line that counts them."""

import sys
import time
import traceback


class Checks:
    """checks = Checks("main job"); with checks("1.1 a token"): ...; sys.exit(checks.finish())"""

    def __init__(self, title):
        self.title = title
        self.passed = []
        self.failed = []

    def __call__(self, name):
        return _Check(self, name)

    def quiet(self, name):
        """For one of very many: only a failure is told."""
        return _Check(self, name, is_quiet=True)

    def note(self, text):
        print(f"       {text}", flush=True)

    def finish(self):
        """Prints the line that integration/run reads; returns the exit status."""
        for name in self.failed:
            print(f"failed: {self.title}: {name}")
        print(f"{len(self.passed)} passed, {len(self.failed)} failed", flush=True)
        return 1 if self.failed else 0


class _Check:
    def __init__(self, checks, name, is_quiet=False):
        self.checks = checks
        self.name = name
        self.is_quiet = is_quiet

    def __enter__(self):
        self.started = time.monotonic()
        return self

    def __exit__(self, kind, error, trace):
        seconds = time.monotonic() - self.started
        if kind is None:
            self.checks.passed.append(self.name)
            if not self.is_quiet:
                print(f"ok     {self.name} ({seconds:.2f} s)", flush=True)
            return False
        if not issubclass(kind, Exception):
            return False
        self.checks.failed.append(self.name)
        print(f"FAILED {self.name} ({seconds:.2f} s)", flush=True)
        for line in traceback.format_exception(kind, error, trace):
            sys.stdout.write("".join("       " + part + "\n" for part in line.rstrip().splitlines()))
        sys.stdout.flush()
        return True


def equal(actual, expected, what=""):
    if actual != expected:
        raise AssertionError(f"{what + ': ' if what else ''}expected {expected!r}, got {actual!r}")


def holds(condition, what):
    if not condition:
        raise AssertionError(what)
