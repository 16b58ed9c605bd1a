"""Scripts that end, that hang with and without a word, and that do not want to end."""

import contextlib
import io
import os
import subprocess
import time
import unittest

from run_all import script

NEVER_S = 3600
HANG = "while :; do sleep 3600; done"


def run(text, **options):
    """What script.run returns and what it has shown."""
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        result = script.run(["/bin/bash", "-c", text], **options)
    return (*result, shown.getvalue())


def run_beyond_limit(text, **options):
    """The same with a clock that passes the limit when a line is shown."""
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        return script.run(["/bin/bash", "-c", text], timeout_s=NEVER_S, **options,
                          clock=lambda: time.monotonic() + (2 * NEVER_S if "\n" in shown.getvalue() else 0))


class RunTest(unittest.TestCase):
    def test_output_and_code_of_one_that_ends(self):
        text, code, is_in_time, shown = run("echo one; echo two >&2; printf three; exit 3", timeout_s=NEVER_S)
        self.assertEqual(("one\ntwo\nthree", 3, True), (text, code, is_in_time))
        self.assertEqual(text, shown)

    def test_characters_cut_by_a_read(self):
        text, code, is_in_time, _ = run(r"printf '\303'; sleep 0.1; printf '\244 \377'", timeout_s=NEVER_S)
        self.assertEqual(("ä �", 0, True), (text, code, is_in_time))

    def test_one_that_hangs_without_a_word(self):
        text, code, is_in_time, _ = run(HANG, timeout_s=0.1, grace_s=0.1)
        self.assertEqual(("", False), (text, is_in_time))
        self.assertNotEqual(0, code)

    def test_one_that_closes_its_output_and_hangs(self):
        _, code, is_in_time, _ = run(f"exec >&- 2>&-; {HANG}", timeout_s=NEVER_S, grace_s=0.1)
        self.assertFalse(is_in_time)
        self.assertNotEqual(0, code)

    def test_one_that_talks_without_end(self):
        text, _, is_in_time = run_beyond_limit("while :; do echo on; done", grace_s=0.1)
        self.assertFalse(is_in_time)
        self.assertIn("on\n", text)

    def test_one_that_cleans_up_when_interrupted(self):
        text, code, is_in_time = run_beyond_limit("trap 'echo cleaned; exit 4' INT; echo ready; while :; do :; done")
        self.assertEqual((4, False), (code, is_in_time))
        self.assertTrue(text.endswith("cleaned\n"), text)

    def test_one_that_does_not_want_to_end_goes_with_its_children(self):
        text, code, is_in_time = run_beyond_limit(f"trap '' INT; ({HANG}) & echo $!; {HANG}", grace_s=0.1)
        self.assertEqual((-9, False), (code, is_in_time))
        wait_gone(int(text))

    def test_a_left_child_that_holds_the_output(self):
        text, _, is_in_time = run_beyond_limit(f"({HANG}) & echo $!", grace_s=0.1)
        self.assertFalse(is_in_time)
        wait_gone(int(text))

    def test_what_cannot_be_started(self):
        with self.assertRaises(FileNotFoundError):
            script.run(["/nonexistent"], timeout_s=NEVER_S)


def wait_gone(process):
    """Killed it is, but nobody may have reaped it yet."""
    limit = time.monotonic() + 60
    while subprocess.run(["ps", "-o", "stat=", "-p", str(process)], stdout=subprocess.PIPE, text=True,
                         check=False).stdout.strip().rstrip("+")[:1] not in ("", "Z"):
        if time.monotonic() > limit:
            raise AssertionError(f"{process} lives")
        os.sched_yield()


if __name__ == "__main__":
    unittest.main()
