"""Gets and lists: pgbench with the same SQL, gRPC, REST, one after the other in each round."""

from bench.load import GrpcLoad, WrkLoad, pgbench
from bench.report import median, paired
from bench.target import bound, method

CLIENTS = (1, 8, 64)
# More clients than that only make pgbench slower.
MOST_FLOOR_CLIENTS = 32
OBJECTS = 2000
PAGE = 30
GET_TARGETS = {1: 0.45, 8: 0.45, 64: 0.70}
LIST_TARGET = 0.45
REST_TARGET = 0.70


class Call:
    """A method with random requests of it, its path in REST and the SQL that it runs (None: it asks other services)."""

    def __init__(self, service, name, requests, paths, sql):
        self.service, self.name, self.requests, self.paths, self.sql = service, name, requests, paths, sql

    def loads(self, target, program):
        pids = target.pids()
        grpc = GrpcLoad(program, target.grpc_address(self.service), method(self.service, self.name), target.token,
                        self.requests, pids.get(self.service))
        wrk = WrkLoad(target["ROOST_URL"], target.token, self.paths, pids.get("gateway"))
        return grpc, wrk


def get(target, service, name, field, path, source, sql_name=None, column="id", sql_field="id"):
    ids = target.sample(column, source, OBJECTS)
    requests = [target.request(service, name, **{field: int(value)}) for value in ids]
    sql = None
    if sql_name:
        # pgbench draws from a range: the ids of seeded objects have no gaps, or the same gap everywhere.
        low, high, n = map(int, target.sql(f"SELECT min({column}), max({column}), count(*) FROM {source}").split("|"))
        gap = max(1, (high - low) // max(1, n - 1))
        sql = f"\\set i random(0, {n - 1})\n\\set id {low} + :i * {gap}\n"
        sql += bound(service, sql_name, **{sql_field: ":id", "with_pending": "false"})
    return Call(service, name, requests, [f"/api/v1/{path}/{value}/" for value in ids], sql)


def gets(target):
    return {
        "GetDomainAlias": get(target, "domains", "GetDomainAlias", "id", "domainaliases",
                              "domains.domain_alias WHERE name LIKE 'also-seed%'", "alias_get"),
        "GetMailbox": get(target, "mailboxes", "GetMailbox", "id", "mailboxes",
                          "mailboxes.mailbox WHERE full_address LIKE '%@seed%'", "mailbox_get"),
        "GetQuota": get(target, "quotas", "GetQuota", "mailbox_id", "quotas",
                        "quotas.mailbox_quota WHERE address LIKE '%@seed%'", "quota_get", "mailbox_id", "mailbox_id"),
        "GetDomain": get(target, "domains", "GetDomain", "id", "domains", "domains.domain"),
        "GetAccount": get(target, "accounts", "GetAccount", "id", "accounts",
                          "accounts.account WHERE role = 'SimpleUsers'"),
    }


def lists(target):
    """The first page of 30, with the count that an unfiltered list makes."""
    def first_page(service, name, path, statement, total, **values):
        sql = bound(service, statement, limit=str(PAGE + 1), **values) + bound(service, total)
        return Call(service, name, [target.request(service, name, page_size=PAGE)],
                    [f"/api/v1/{path}/?page_size={PAGE}"], sql)
    return {
        "ListDomainAliases": first_page("domains", "ListDomainAliases", "domainaliases", "alias_list_name",
                                        "alias_total", search="NULL", target_id="NULL"),
        "ListMailboxes": first_page("mailboxes", "ListMailboxes", "mailboxes", "mailbox_list_full_address",
                                    "counter_total", search_from="''", search_until="'\U0010ffff'"),
        "ListAccounts": Call("accounts", "ListAccounts", [target.request("accounts", "ListAccounts", page_size=PAGE)],
                             [f"/api/v1/accounts/?page_size={PAGE}"], None),
    }


def run_call(target, program, call, options, report):
    grpc, wrk = call.loads(target, program)
    is_list = call.name.startswith("List")
    for clients in CLIENTS:
        name = f"{call.name} {clients}"
        if not options.wants(f"grpc {name}") and not options.wants(f"rest {name}"):
            continue
        floor_clients = min(clients, MOST_FLOOR_CLIENTS)
        measurements = [lambda c=clients: grpc.run(c, options.seconds), lambda c=clients: wrk.run(c, options.seconds)]
        if call.sql:
            measurements.append(lambda c=floor_clients: pgbench(
                target["ROOST_DATABASE_URL"], call.sql, c, options.seconds, call.service))
        rounds = paired(options.rounds, *measurements)
        grpc_rate = median([r[0].rate for r in rounds])
        rest_rate = median([r[1].rate for r in rounds])
        if call.sql:
            limit = LIST_TARGET if is_list else GET_TARGETS[clients]
            report.row(f"grpc {name}", grpc_rate, median([r[2].rate for r in rounds]),
                       median([r[0].rate / r[2].rate for r in rounds]), ("least", limit), _cost(rounds, 0),
                       [[x.rate for x in r] for r in rounds])
        report.row(f"rest {name}", rest_rate, grpc_rate, median([r[1].rate / r[0].rate for r in rounds]),
                   ("least", REST_TARGET), _cost(rounds, 1), [[x.rate for x in r] for r in rounds])


def _cost(rounds, index):
    """Median latency, and the processor time of the process that was called."""
    time_us = median([r[index].time_us for r in rounds])
    cpu_us = median([r[index].cpu_us for r in rounds])
    return f"p50 {time_us:,.0f} us" + (f", cpu {cpu_us:.0f} us" if cpu_us else "")


def run(target, program, options, report):
    calls = [make for make in list(gets(target).values()) + list(lists(target).values())
             if any(options.wants(f"{kind} {make.name} {clients}") for kind in ("grpc", "rest") for clients in CLIENTS)]
    if not calls:
        return
    report.section(f"Calls per second at {target.mailboxes:,} mailboxes, by number of clients: gRPC beside pgbench with "
                   "the same SQL, REST beside gRPC", "measured", "floor", "ratio")
    for call in calls:
        options.attempt(report, call.name, lambda call=call: run_call(target, program, call, options, report))
