"""Options, stacks, and the groups of rows in their order."""

import argparse
import contextlib
import os
import platform
import re
import time

from bench import create, footprint, lists, lookups, unary
from bench.load import build_grpc_load
from bench.report import Report
from bench.seed import seed
from bench.target import Target
from roost_test.rpc import Messages
from roost_test.stack import Stack, read_env

BIG, QUICK_BIG, SMALL = 1_000_000, 100_000, 1_000


class Options:
    def __init__(self, arguments, usage):
        parser = argparse.ArgumentParser(prog="integration/bench", add_help=False, allow_abbrev=False, usage=usage)
        for name in ("--quick", "--keep", "--help"):
            parser.add_argument(name, action="store_true")
        for name in ("--rows", "--out", "--env", "--env-small"):
            parser.add_argument(name)
        parser.add_argument("--seed", type=int)
        given = parser.parse_args(arguments)
        self.__dict__ |= vars(given)
        self.pattern = re.compile(given.rows) if given.rows else None
        self.rounds = 3 if self.quick else 5
        self.seconds = 1.0
        self.short_seconds = 0.2 if self.quick else 0.4
        if self.seed is not None and not self.env:
            parser.error("--seed needs --env")

    def wants(self, name):
        return not self.pattern or self.pattern.search(name) is not None

    def attempt(self, report, name, function):
        """A row that fails to run must not take the others with it."""
        try:
            function()
        except Exception as error:  # pylint: disable=broad-except
            report.failed(name, error)


@contextlib.contextmanager
def stack_env(env, mailboxes, keep):
    """The path of a roost.env: the given one, or that of a fresh stack with so many mailboxes."""
    if env:
        yield env
        return
    with Stack(keep=keep) as stack:
        path = os.path.join(stack.data, "roost.env")
        seed(read_env(path), mailboxes)
        yield path


def about():
    with open("/proc/cpuinfo", encoding="utf-8") as source:
        models = re.findall(r"^model name\s*: (.*)$", source.read(), re.M)
    return {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "cpus": os.cpu_count(),
            "model": models[0] if models else platform.machine(), "kernel": platform.release()}


def measure(options, report):
    messages = Messages()
    program = build_grpc_load()
    with contextlib.ExitStack() as stacks:
        small_env = stacks.enter_context(stack_env(options.env_small, SMALL, options.keep))
        small = Target(small_env, messages)
        stacks.callback(small.close)
        footprint.run(small, options, report)
        big_env = stacks.enter_context(stack_env(options.env, QUICK_BIG if options.quick else BIG, options.keep))
        big = Target(big_env, messages)
        stacks.callback(big.close)
        unary.run(big, program, options, report)
        lists.run((big, small), program, options, report)
        lookups.run(big, options, report)
        create.run(big, program, options, report)


def main(arguments, usage):
    options = Options(arguments, usage)
    if options.help:
        print(usage)
        return 0
    if options.seed is not None:
        seed(read_env(options.env), options.seed)
        return 0
    report = Report()
    facts = about()
    print(f"{facts['model']}, {facts['cpus']} processors, {options.rounds} rounds each", flush=True)
    measure(options, report)
    if options.out:
        report.write(options.out, facts)
    low = [row for row in report.rows if row["target"] and not met(row)]
    print(f"\n{len(report.rows)} rows, {len(low)} off their target, {len(report.failures)} failed to run", flush=True)
    return 1 if report.failures or not report.rows else 0


def met(row):
    kind, limit = row["target"]
    return row["ratio"] >= limit if kind == "least" else row["ratio"] <= limit
