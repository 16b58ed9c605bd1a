"""The parts in order, what each one took, and the closing line."""

import argparse
import os
import sys
import time

from run_all import bazel, parts

PARTS = {
    "lint": ("format, house rules, buf lint", parts.lint),
    "gcc": ("release build with gcc, warnings are errors", parts.gcc),
    "clang": ("build with clang, warnings are errors", parts.clang),
    "tidy": ("clang-tidy", parts.tidy),
    "unit": ("unit, store and handler tests, fuzz corpora, under ASan and UBSan", parts.unit),
    "fuzz": ("fuzz targets for --fuzz-seconds each", parts.fuzz),
    "ui": ("the web UI: texts, types, lint, component tests, build, byte budgets", parts.ui),
    "local": ("deploy/local: up, status, down, restarts", parts.local),
    "api": ("REST transcripts, gRPC as a foreign client sees it, who may call what", parts.api),
    "main_job": ("the main job in both layouts, kills included", parts.main_job),
    "mail_contract": ("configuration written for Modoboa on real Postfix and Dovecot", parts.mail_contract),
    "e2e": ("the web UI in a browser on a stack: flows, accessibility, faults, Lighthouse", parts.e2e),
    "kills": ("the main job with kills at random points", parts.kills),
}


def parse(arguments):
    parser = argparse.ArgumentParser(prog="integration/run", add_help=False, allow_abbrev=False)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--skip", default="")
    parser.add_argument("--fuzz-seconds", type=int, default=0)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args(arguments)
    options.only = [name for name in options.only.split(",") if name]
    options.skip = [name for name in options.skip.split(",") if name]
    for name in options.only + options.skip:
        if name not in PARTS:
            parser.error(f"there is no part {name}; --list shows them")
    return options


def is_wanted(name, options):
    if name == "fuzz" and options.fuzz_seconds == 0:
        return False
    return name not in options.skip and (not options.only or name in options.only)


def main():
    options = parse(sys.argv[1:])
    if options.list:
        for name, (what, _) in PARTS.items():
            print(f"{name:14} {what}")
        return 0
    results = []
    for name, (what, function) in PARTS.items():
        if not is_wanted(name, options):
            continue
        print(f"\n=== {name}: {what}", flush=True)
        started = time.monotonic()
        try:
            passed, failed = function(options)
        except Exception as error:  # pylint: disable=broad-except
            print(f"{name}: {error!r}", flush=True)
            passed, failed = 0, 1
        results.append((name, passed, failed, time.monotonic() - started))
    if os.environ.get("CI"):
        bazel.shutdown()
    return report(results)


def report(results):
    print("\n=== summary")
    for name, passed, failed, seconds in results:
        print(f"{name:14} {passed:5} passed {failed:4} failed {seconds:8.1f} s")
    print(f"{'all':14} {'':24} {sum(result[3] for result in results):9.1f} s")
    passed, failed = (sum(result[index] for result in results) for index in (1, 2))
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
