"""Running Bazel and counting the test cases of what it ran."""

import json
import os
import re
import subprocess
import tempfile
import urllib.parse

from roost_test.stack import REPOSITORY

FLAGS = ["--color=no", "--curses=no", "--keep_going"]
# What the test programs print for each case: cmocka; Python's unittest in its summary.
CMOCKA_OK = re.compile(r"^\[\s+OK \] ", re.M)
CMOCKA_FAILED = re.compile(r"^\[\s+FAILED\s+\] \w+$", re.M)
UNITTEST = re.compile(r"^Ran (\d+) tests? in", re.M)
MAX_SHOWN = 20000


def environment():
    variables = dict(os.environ)
    variables.pop("PYTHONPATH", None)
    variables.setdefault("HOME", os.path.expanduser("~"))
    return variables


def run(command, *arguments):
    """Runs Bazel with its output on ours; True if it succeeded."""
    print(f"$ bazel {command} {' '.join(arguments)}", flush=True)
    flags = FLAGS if command in ("build", "test") else FLAGS[:2]
    done = subprocess.run(["bazel", command, *flags, *arguments], cwd=REPOSITORY, env=environment(),
                          stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT, check=False)
    return done.returncode == 0


def output(command, *arguments):
    done = subprocess.run(["bazel", command, *arguments], cwd=REPOSITORY, env=environment(), text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return done.stdout


def shutdown():
    subprocess.run(["bazel", "shutdown"], cwd=REPOSITORY, env=environment(), stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def test(*arguments):
    """Runs tests; returns the numbers of cases passed and failed. A test that was not built is one failed case."""
    expected = set(output("query", "tests(//...)").split())
    with tempfile.TemporaryDirectory() as folder:
        events_path = os.path.join(folder, "events.json")
        run("test", f"--build_event_json_file={events_path}", *arguments)
        results = _read_results(events_path)
    passed = failed = 0
    for label in sorted(expected):
        ok, bad = _count(label, results.get(label))
        passed += ok
        failed += bad
    print(f"{passed} cases passed, {failed} failed, in {len(expected)} test programs", flush=True)
    return passed, failed


def _read_results(path):
    """label -> (status, path of the log)"""
    results = {}
    with open(path, encoding="utf-8") as source:
        for line in source:
            event = json.loads(line)
            identity = event.get("id", {}).get("testResult")
            if identity is None or "testResult" not in event:
                continue
            content = event["testResult"]
            uris = [entry["uri"] for entry in content.get("testActionOutput", []) if entry["name"] == "test.log"]
            log = urllib.parse.unquote(urllib.parse.urlparse(uris[0]).path) if uris else None
            results[identity["label"]] = (content["status"], log)
    return results


def _count(label, result):
    if result is None:
        print(f"FAILED {label}: not built or not run")
        return 0, 1
    status, log = result
    text = ""
    if log is not None and os.path.exists(log):
        with open(log, encoding="utf-8", errors="replace") as source:
            text = source.read()
    passed = len(CMOCKA_OK.findall(text)) or sum(int(found) for found in UNITTEST.findall(text)) or 1
    if status == "PASSED":
        return passed, 0
    print(f"FAILED {label}: {status}")
    failed = max(1, len(set(CMOCKA_FAILED.findall(text))))
    return (passed if CMOCKA_OK.search(text) else 0), failed
