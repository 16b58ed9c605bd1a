#!/usr/bin/python3
"""Turns gcov's JSON of one test into lcov, and merges the lcov files of all tests into one report."""

import collections
import gzip
import json
import pathlib
import sys


def options(argv):
    pairs = (arg[2:].split("=", 1) for arg in argv if arg.startswith("--") and "=" in arg)
    return dict(pairs)


def read_gcov(folder, lines):
    for path in pathlib.Path(folder).rglob("*.gcov.json.gz"):
        with gzip.open(path) as stream:
            report = json.load(stream)
        for source in report["files"]:
            for line in source["lines"]:
                lines[source["file"]][line["line_number"]] += line["count"]


def read_lcov(path, lines):
    source = None
    for record in pathlib.Path(path).read_text().splitlines():
        if record.startswith("SF:"):
            source = record[3:]
        elif record.startswith("DA:"):
            number, count = record[3:].split(",")[:2]
            lines[source][int(number)] += int(count)


def write_lcov(path, lines):
    with open(path, "w") as out:
        for source in sorted(lines):
            out.write(f"SF:{source}\n")
            for number, count in sorted(lines[source].items()):
                out.write(f"DA:{number},{count}\n")
            hit = sum(1 for count in lines[source].values() if count)
            out.write(f"LH:{hit}\nLF:{len(lines[source])}\nend_of_record\n")


def main():
    given = options(sys.argv[1:])
    lines = collections.defaultdict(lambda: collections.defaultdict(int))
    if "coverage_dir" in given:
        read_gcov(given["coverage_dir"], lines)
    if "reports_file" in given:
        for report in pathlib.Path(given["reports_file"]).read_text().split():
            read_lcov(report, lines)
    write_lcov(given["output_file"], lines)


main()
