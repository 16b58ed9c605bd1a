"""What the user sees while something takes time: one line per step with the seconds since the start."""

import sys
import time

_started = time.monotonic()


class StackError(Exception):
    """Something that the user can read and act on; shown without a traceback."""


def seconds():
    return time.monotonic() - _started


def step(text):
    print(f"[{seconds():6.1f} s] {text}", flush=True)


def warn(text):
    print(f"[{seconds():6.1f} s] warning: {text}", file=sys.stderr, flush=True)


def wait_until(what, timeout_s, probe, pause_s=0.05):
    """Calls probe until it returns something true and returns that; every 5 s a line says what is waited for."""
    deadline = time.monotonic() + timeout_s
    shown = time.monotonic()
    while True:
        result = probe()
        if result:
            return result
        now = time.monotonic()
        if now > deadline:
            raise StackError(f"{what}: not within {timeout_s:.0f} s")
        if now - shown >= 5:
            shown = now
            step(f"waiting for {what}")
        time.sleep(pause_s)
