"""Two stacks, a browser for each, and the counts of what was looked at."""

import argparse
import concurrent.futures
import contextlib
import json
import os
import signal
import subprocess
import tempfile

from e2e import world
from roost_test.checks import Checks, holds
from roost_test.dns import NameServer
from roost_test.rest import Rest
from roost_test.stack import Stack
from ui import node

# Each with a stack of its own, so that no test sees what another does.
WORKERS = 2
STOP_S = 20
CHROMIUM = "/usr/bin/chromium"
# The projects of playwright.config.ts with their limits in seconds: one after the other, whether or not the first one's
# tests passed.
PROJECTS = {"together": 700, "alone": 300}


def main(arguments, usage):
    parser = argparse.ArgumentParser(prog="integration/e2e", usage=usage, allow_abbrev=False)
    parser.add_argument("--only")
    parser.add_argument("--shots", default=os.path.join(node.FOLDER, "dist-shots"))
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--stack")
    options = parser.parse_args(arguments)
    checks = Checks("web UI in the browser")
    node.build()
    with contextlib.ExitStack() as stacks:
        paths = options.stack.split(os.pathsep) if options.stack else start(stacks, options.keep)
        served(checks, paths[0])
        browse(checks, paths, options)
        if options.keep:
            print(f"kept: integration/e2e --stack {os.pathsep.join(paths)}")
    return checks.finish()


def start(stacks, is_kept):
    """All at once: a start waits more than it works."""
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(lambda _: start_one(stacks, is_kept), range(WORKERS)))


def start_one(stacks, is_kept):
    name_server = NameServer(world.ZONES)
    stack = Stack("--resolver", name_server.address, *world.OPTIONS, keep=is_kept)
    if is_kept:
        name_server.__enter__()
        stack.up()
    else:
        stacks.enter_context(name_server)
        stacks.enter_context(stack)
    return world.prepare(stack, name_server.process.pid)


def served(check, path):
    """The page as the gateway gives it, before any browser."""
    with open(path, encoding="utf-8") as source:
        rest = Rest(json.load(source)["url"])
    with check("the page is served compressed, with its policy, and again as 304"):
        page = rest.request("GET", "/domains", headers={"Accept": "text/html", "Accept-Encoding": "gzip, br"})
        holds(page.status == 200 and page.headers["Content-Encoding"] == "br", page)
        holds("trusted-types vue" in page.headers["Content-Security-Policy"], page.headers)
        again = rest.request("GET", "/", headers={"Accept-Encoding": "br", "If-None-Match": page.headers["ETag"]})
        holds(again.status == 304, again)
    with check("what is missing is 404 and never the page"):
        for where in ("/api/v1/nothing/", "/api/", "/assets/index-AAAAAAAA.js", "/docs/nothing"):
            answer = rest.request("GET", where, headers={"Accept": "text/html"})
            holds(answer.status == 404 and b"<div id" not in answer.data, f"{where}: {answer}")
    rest.close()


def browse(check, paths, options):
    """Playwright; each step of a test counts as one."""
    counted = len(check.passed) + len(check.failed)
    with tempfile.TemporaryDirectory() as folder:
        variables = {"ROOST_E2E": os.pathsep.join(paths), "ROOST_E2E_SHOTS": options.shots,
                     "ROOST_E2E_CHROMIUM": CHROMIUM, "ROOST_E2E_OUTPUT": os.path.join(folder, "output")}
        for project, limit_s in PROJECTS.items():
            report = os.path.join(folder, f"{project}.json")
            status = playwright(project, limit_s, options.only, variables | {"ROOST_E2E_REPORT": report})
            count(check, project, status, report)
    if len(check.passed) + len(check.failed) == counted:
        check.failed.append(f"there is no test {options.only}")


def playwright(project, limit_s, only, variables):
    """Its exit status; what takes too long is interrupted, which closes its browsers, and counts as failed."""
    command = [node.NODE, "node_modules/@playwright/test/cli.js", "test", "--project", project]
    command += ["--grep", only, "--pass-with-no-tests"] if only else []
    with subprocess.Popen(command, cwd=node.FOLDER, env=node.environment(variables),
                          stdin=subprocess.DEVNULL) as child:
        try:
            return child.wait(limit_s)
        except subprocess.TimeoutExpired:
            print(f"FAILED Playwright, {project}: not within {limit_s} s", flush=True)
            child.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                return child.wait(STOP_S) or 1
            child.kill()
    return 1


def count(check, project, status, path):
    if not os.path.exists(path):
        check.failed.append(f"Playwright, {project}: it ended with {status} and no report")
        return
    with open(path, encoding="utf-8") as source:
        result = json.load(source)
    check.passed += result["passed"]
    check.failed += result["failed"]
    if status != 0 and not result["failed"]:
        check.failed.append(f"Playwright, {project}: it ended with {status}")
