"""Waiting for a condition with a deadline, instead of sleeping and hoping."""

import time


class NotInTime(AssertionError):
    pass


def eventually(what, seconds, probe, pause_s=0.05):
    """Calls probe until it returns something true, and returns that. An AssertionError in it means "not yet"."""
    deadline = time.monotonic() + seconds
    last = None
    while True:
        try:
            result = probe()
            if result:
                return result
            last = result
        except AssertionError as error:
            last = error
        if time.monotonic() >= deadline:
            raise NotInTime(f"{what}: not within {seconds} s; last seen: {last!r}")
        time.sleep(pause_s)


def timed(function):
    """Its result and how many seconds it took."""
    started = time.monotonic()
    result = function()
    return result, time.monotonic() - started
