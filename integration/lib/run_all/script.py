"""Runs a test script within its limit."""

import codecs
import os
import select
import signal
import subprocess
import sys
import time

CHUNK_BYTES = 65536
GRACE_S = 30  # for an interrupted script to stop what it has started


def run(command, *, timeout_s, grace_s=GRACE_S, clock=time.monotonic, **options):
    """Runs it with its output on ours. Whoever is not done after timeout_s, silent or not, is interrupted, and killed with its
    process group grace_s later. Returns its output, its exit code, and whether it was in time."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          start_new_session=True, **options) as child:
        output = _Output(child.stdout.fileno(), clock)
        is_in_time = False
        try:
            is_in_time = output.copy_until(clock() + timeout_s) and _has_ended(child, timeout_s=grace_s)
        finally:
            if not is_in_time:
                _end(child, output, grace_s)
        return output.text, child.wait(), is_in_time


class _Output:
    """What comes from a pipe, shown and kept."""

    def __init__(self, pipe, clock):
        self.text = ""
        self.clock = clock
        self._pipe = pipe
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def copy_until(self, limit):
        """True when all has come, False when the clock has passed the limit."""
        while True:
            ready, _, _ = select.select([self._pipe], [], [], max(0, limit - self.clock()))
            if not ready:
                return False
            data = os.read(self._pipe, CHUNK_BYTES)
            text = self._decoder.decode(data, final=not data)
            sys.stdout.write(text)
            sys.stdout.flush()
            self.text += text
            if not data:
                return True
            if self.clock() >= limit:
                return False


def _has_ended(child, timeout_s):
    try:
        child.wait(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        return False
    return True


def _end(child, output, grace_s):
    child.send_signal(signal.SIGINT)
    limit = output.clock() + grace_s
    if output.copy_until(limit):
        _has_ended(child, timeout_s=max(0, limit - output.clock()))
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
