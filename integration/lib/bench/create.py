"""Creating an account with its mailbox over gRPC, beside pgbench running the statements that the services run for it."""

import json
import os
import uuid

from bench.load import GrpcLoad, pgbench
from bench.report import median, paired
from bench.seed import PASSWORD_HASH
from bench.target import method
from roost_test.wait import eventually

CLIENTS = (1, 8)
TARGET = 0.4
N_DOMAINS = 8
SECONDS = 2
PER_SECOND = 1500
CLEAN_TIMEOUT_S = 120
FLOOR = os.path.join(os.path.dirname(os.path.abspath(__file__)), "create_floor.sql")


class Domains:
    """Domains of their own for what is created, removed with it at the end."""

    def __init__(self, target):
        self.target = target
        self.prefix = f"bench-{uuid.uuid4().hex[:8]}-"
        self.ids = []

    def __enter__(self):
        with self.target.rpc("domains") as rpc:
            for number in range(N_DOMAINS):
                domain = self.target.messages.new("roost.domains.v1.Domain", name=f"{self.prefix}{number}.test",
                                                  default_mailbox_quota=10, enable_dns_checks=False)
                self.ids.append(rpc.call(method("domains", "CreateDomain"), domain=domain).id)
        return self

    def __exit__(self, *_):
        with self.target.rpc("domains") as rpc:
            for domain_id in self.ids:
                rpc.call(method("domains", "DeleteDomain"), id=domain_id)
        ids = ", ".join(map(str, self.ids))
        eventually("the benchmark's domains are gone", CLEAN_TIMEOUT_S, lambda: self.target.sql(
            f"SELECT count(*) FROM domains.domain WHERE id IN ({ids})") == "0", pause_s=0.5)


def new_requests(target, prefix, n):
    """Creations with the hash given, so that hashing is not what is measured."""
    run = uuid.uuid4().hex[:12]
    for number in range(n):
        name = f"c{run}{number}@{prefix}{number % N_DOMAINS}.test"
        account = target.messages.new("roost.accounts.v1.Account", username=name, role="SimpleUsers",
                                      password=PASSWORD_HASH)
        account.mailbox.full_address = name
        yield target.request("accounts", "CreateAccount", account=account, request_id=f"{run}-{number}")


def run_clients(target, program, domains, clients, options, report):
    with open(FLOOR, encoding="utf-8") as source:
        floor = source.read()
    event = {"username": "f" * 40, "role": "SimpleUsers", "mailbox": {"full_address": "f" * 40}, "padding": "x" * 300}
    for name, value in (("prefix", domains.prefix), ("hash", PASSWORD_HASH), ("json", json.dumps(event))):
        floor = floor.replace("{" + name + "}", value)
    lines = [line for line in floor.splitlines() if line not in ("BEGIN;", "COMMIT;")]
    at_once = "\n".join(["BEGIN;", *lines, "COMMIT;", ""])

    def create():
        requests = new_requests(target, domains.prefix, SECONDS * PER_SECOND)
        load = GrpcLoad(program, target.grpc_address("accounts"), method("accounts", "CreateAccount"), target.token,
                        requests, target.pids().get("accounts"))
        return load.run(clients, SECONDS)

    rounds = paired(options.rounds, create,
                    lambda: pgbench(target["ROOST_DATABASE_URL"], floor, clients, SECONDS),
                    lambda: pgbench(target["ROOST_DATABASE_URL"], at_once, clients, SECONDS))
    rates = [[load.rate for load in r] for r in rounds]
    measured = median([r[0] for r in rates])
    note = f"p50 {median([r[0].time_us for r in rounds]):,.0f} us, cpu of accounts {median([r[0].cpu_us for r in rounds]):.0f} us"
    report.row(f"create account with mailbox {clients}", measured, median([r[1] for r in rates]),
               median([r[0] / r[1] for r in rates]), ("least", TARGET), note, rates)
    report.row(f"create account with mailbox {clients}, one transaction", measured, median([r[2] for r in rates]),
               median([r[0] / r[2] for r in rates]))


def run(target, program, options, report):
    wanted = [clients for clients in CLIENTS if options.wants(f"create account with mailbox {clients}")]
    if not wanted:
        return
    report.section("Creations of an account with its mailbox per second, by number of clients, beside pgbench with the same "
                   "writes", "measured", "floor", "ratio")

    def run_all():
        with Domains(target) as domains:
            for clients in wanted:
                run_clients(target, program, domains, clients, options, report)
    options.attempt(report, "create", run_all)
