"""Everything about the web UI that needs no stack."""

import argparse
import json
import os
import re
import tempfile
import time

from roost_test.checks import Checks, holds
from run_all import bazel
from ui import node

BUILD_S = 15
COVERAGE_PERCENT = 90
# Where the rules are that everything else stands on.
COVERED = ("src/api/", "src/ui/")
RESULT = re.compile(r"^(ok|FAILED) +(.*)$", re.M)


def main(arguments, usage):
    parser = argparse.ArgumentParser(prog="integration/ui", usage=usage, allow_abbrev=False)
    parser.add_argument("--only", default="")
    only = [name for name in parser.parse_args(arguments).only.split(",") if name]
    checks = Checks("web UI")
    with checks("npm ci brings what package-lock.json names, and nothing runs while it does"):
        node.install()
    for name, gate in GATES.items():
        if not only or name in only:
            gate(checks)
    return checks.finish()


def _must_pass(result):
    status, text = result
    holds(status == 0, text[-8000:])


def lock(check):
    with check("the lock file names no registry and no other place to download from"):
        with open(os.path.join(node.FOLDER, "package-lock.json"), encoding="utf-8") as source:
            packages = json.load(source)["packages"]
        places = {name for name, package in packages.items() if "resolved" in package}
        holds(not places, f"these name a place: {sorted(places)[:10]}")
        unchecked = {name for name, package in packages.items() if name and "integrity" not in package}
        holds(not unchecked, f"these have no checksum: {sorted(unchecked)[:10]}")


def translations(check):
    with check("texts: every language has every key, with the same placeholders, and none is unused"):
        _must_pass(node.script("scripts/i18n-check.mjs"))


def api_types(check):
    with check("the client's types are those of the API's document"):
        holds(bazel.run("build", "//gateway:openapi_document.json"), "the document could not be built")
        document = os.path.join(bazel.output("info", "bazel-bin").strip(), "gateway", "openapi_document.json")
        _must_pass(node.script("scripts/api-types.mjs", "--check", document))


def lint(check):
    with check("eslint"):
        _must_pass(node.tool("eslint", "bin/eslint.js", ".", "--max-warnings", "0"))
    with check("prettier"):
        _must_pass(node.tool("prettier", "bin/prettier.cjs", "--check", "--log-level", "warn", "."))


def types(check):
    with check("vue-tsc"):
        _must_pass(node.tool("vue-tsc", "bin/vue-tsc.js", "--noEmit"))


def components(check):
    """vitest; each of its cases counts as one."""
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "report.json")
        status, text = node.tool("vitest", "vitest.mjs", "run", "--coverage", "--reporter=json",
                                 f"--outputFile={report}", f"--coverage.reportsDirectory={folder}/coverage",
                                 "--coverage.reporter=json-summary")
        cases = _vitest_cases(report)
        for name, is_passed, messages in cases:
            with check.quiet(f"vitest: {name}"):
                holds(is_passed, messages)
        with check(f"vitest: all of its {len(cases)} cases ran"):
            holds(cases and (status == 0 or any(not case[1] for case in cases)), text[-8000:])
        with check(f"coverage of {', '.join(COVERED)}: at least {COVERAGE_PERCENT} % of the lines"):
            _coverage(check, os.path.join(folder, "coverage", "coverage-summary.json"))


def _vitest_cases(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as source:
        files = json.load(source)["testResults"]
    cases = [(case["fullName"], case["status"] != "failed", "\n".join(case.get("failureMessages") or []))
             for file in files for case in file["assertionResults"]]
    broken = [(file["name"], False, file.get("message", "")) for file in files
              if file["status"] == "failed" and not file["assertionResults"]]
    return cases + broken


def _coverage(check, path):
    with open(path, encoding="utf-8") as source:
        summary = json.load(source)
    weak = []
    for room in COVERED:
        files = [lines["lines"] for name, lines in summary.items() if os.path.relpath(name, node.FOLDER).startswith(room)]
        total, covered = (sum(lines[key] for lines in files) for key in ("total", "covered"))
        percent = 100 * covered / max(1, total)
        check.note(f"{room}: {percent:.1f} % of {total} lines")
        if percent < COVERAGE_PERCENT:
            weak.append(room)
    holds(not weak, f"less in {', '.join(weak)}")


def build(check):
    with check(f"vite build: within {BUILD_S} s"):
        started = time.monotonic()
        text = node.build("--force")
        seconds = time.monotonic() - started
        check.note(text.strip().replace("\n", ", "))
        found = re.search(r"^vite build: ([\d.]+) s", text, re.M)
        holds(found and float(found[1]) <= BUILD_S, f"{text}in all {seconds:.1f} s")
    with check("a second build with nothing changed: within 1 s"):
        started = time.monotonic()
        node.build()
        seconds = time.monotonic() - started
        holds(seconds <= 1, f"it took {seconds:.1f} s")
    status, text = node.script("scripts/budget.mjs", "dist")
    for verdict, what in RESULT.findall(text):
        with check(f"budget: {what}"):
            holds(verdict == "ok", "it weighs more")
    with check("the budgets were all looked at"):
        holds(RESULT.search(text) and status in (0, 1), text)


GATES = {"lock": lock, "translations": translations, "api_types": api_types, "lint": lint, "types": types,
         "components": components, "build": build}
