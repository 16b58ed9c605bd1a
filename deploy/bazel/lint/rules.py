#!/usr/bin/python3
"""House rules that no other tool knows: line counts, open ends, includes."""

import pathlib
import re
import subprocess
import sys

MAX_LINES = 600
SOURCES = ("*.c", "*.h", "*.py", "*.bzl", "*.sh", "*.proto", "*.sql")

TODO = re.compile(r"\b(TODO|FIXME|XXX)\b(?!\(#\d+\): )")
LOCAL_INCLUDE = re.compile(r'#include "([^"]+)"')
ROOTS = ("gateway/", "google/", "grpc/", "proto/", "services/", "integration/")

# Each third-party library is visible to one place.
WRAPPED = {
    "grpc/grpc": ("services/common/rpc/", "integration/lib/grpc_load/"),
    "libpq": ("services/common/pg/",),
    "postgresql/": ("services/common/pg/",),
    "hiredis/": ("services/common/redis/",),
    "civetweb": ("gateway/", "services/common/civetweb/", "services/common/metrics/"),
    "crypt.h": ("services/accounts/",),
}
SYSTEM_INCLUDE = re.compile(r"#include <([^>]+)>")


def tracked():
    output = subprocess.run(
        ["git", "ls-files", "-z", "--", *SOURCES], check=True, capture_output=True, text=True
    ).stdout
    return [path for path in output.split("\0") if path and pathlib.Path(path).is_file()]


def is_wrapped_elsewhere(path, header):
    for start, places in WRAPPED.items():
        if header.startswith(start) and not path.startswith(places):
            return True
    return False


def faults(path):
    lines = pathlib.Path(path).read_text(encoding="utf-8").splitlines()
    if len(lines) > MAX_LINES:
        yield MAX_LINES, f"the file has {len(lines)} lines, {MAX_LINES} are the limit"
    is_c = path.endswith((".c", ".h"))
    is_rule_book = path == "deploy/bazel/lint/rules.py"
    for number, line in enumerate(lines, start=1):
        if TODO.search(line) and not is_rule_book:
            yield number, "an open end needs an issue: TODO(#123): sentence."
        if not is_c:
            continue
        local = LOCAL_INCLUDE.match(line)
        if local and not local[1].startswith(ROOTS):
            yield number, "includes are rooted at the repository"
        system = SYSTEM_INCLUDE.match(line)
        if system and is_wrapped_elsewhere(path, system[1]):
            yield number, f"<{system[1]}> has a wrapper; use that"


def main():
    count = 0
    for path in tracked():
        for number, text in faults(path):
            print(f"{path}:{number}: {text}")
            count += 1
    sys.exit(1 if count else 0)


main()
