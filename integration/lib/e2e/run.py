"""A stack, one browser, and the counts of what was looked at."""

import argparse
import contextlib
import json
import os
import subprocess
import tempfile

from e2e import world
from roost_test.checks import Checks, holds
from roost_test.dns import NameServer
from roost_test.rest import Rest
from roost_test.stack import Stack
from ui import node

TIMEOUT_S = 850
CHROMIUM = "/usr/bin/chromium"


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
        path = options.stack or start(stacks, options.keep)
        served(checks, path)
        browse(checks, path, options)
        if options.keep:
            print(f"kept: integration/e2e --stack {path}")
    return checks.finish()


def start(stacks, is_kept):
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


def browse(check, path, options):
    """Playwright; each step of a test counts as one."""
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "report.json")
        command = [node.NODE, "node_modules/@playwright/test/cli.js", "test"]
        command += ["--grep", options.only] if options.only else []
        variables = {"ROOST_E2E": path, "ROOST_E2E_REPORT": report, "ROOST_E2E_SHOTS": options.shots,
                     "ROOST_E2E_CHROMIUM": CHROMIUM, "ROOST_E2E_OUTPUT": os.path.join(folder, "output")}
        status = subprocess.run(command, cwd=node.FOLDER, env=node.environment(variables), stdin=subprocess.DEVNULL,
                                timeout=TIMEOUT_S, check=False).returncode
        if not os.path.exists(report):
            check.failed.append(f"Playwright ended with {status} and no report")
            return
        with open(report, encoding="utf-8") as source:
            result = json.load(source)
    check.passed += result["passed"]
    check.failed += result["failed"]
    if status != 0 and not result["failed"]:
        check.failed.append(f"Playwright ended with {status}")
