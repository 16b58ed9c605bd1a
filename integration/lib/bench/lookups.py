"""What Postfix and Dovecot ask: our maps, and the queries of Modoboa's documentation, beside reading one row by its
primary key. All unprepared, one connection, as the mail servers send them."""

import os
import re
import subprocess
import tempfile

from bench.load import pgbench_unprepared
from bench.report import median, paired

N_KEYS = 100
OUR_TARGET = 2.0
DOCUMENTED_TARGET = 4.0

# File of Postfix's map: what keys are looked up in it.
MAPS = {
    "sql-domains.cf": ("domain", "unknown domain"),
    "sql-domain-aliases.cf": ("domain alias", "domain"),
    "sql-mailboxes.cf": ("mailbox", "unknown address"),
    "sql-aliases.cf": ("mailbox", "alias", "mailbox in domain alias", "unknown address"),
    "sql-maintain.cf": ("mailbox", "unknown address"),
    "sql-sender-login-map.cf": ("mailbox", "alias"),
    "sql-transport.cf": ("domain",),
    "sql-spliteddomains-transport.cf": ("mailbox",),
}
DOVECOT = ("password_query", "user_query")

# Modoboa 1.6: the maps that its generator writes for PostgreSQL, and the queries printed in its documentation.
DOCUMENTED = {
    "sql-domains": (("domain", "unknown domain"),
        "SELECT name FROM admin_domain WHERE name='%s' AND type='domain' AND enabled"),
    "sql-domain-aliases": (("domain alias",),
        "SELECT dom.name FROM admin_domain dom INNER JOIN admin_domainalias domal ON dom.id=domal.target_id "
        "WHERE domal.name='%s' AND domal.enabled AND dom.enabled"),
    "sql-aliases": (("mailbox", "alias", "@domain", "unknown address"),
        "SELECT alr.address FROM modoboa_admin_aliasrecipient AS alr INNER JOIN admin_alias AS al "
        "ON alr.alias_id=al.id WHERE al.enabled AND al.address='%s' AND (al.expire_at IS NULL OR al.expire_at>now())"),
    "sql-maintain": (("mailbox",),
        "SELECT '450 Requested mail action not taken: mailbox unavailable' FROM admin_mailbox mb INNER JOIN "
        "admin_domain dom ON mb.domain_id=dom.id WHERE dom.name='%d' AND mb.address='%u' AND mb.id IN "
        "(SELECT mailbox_id FROM admin_mailboxoperation) LIMIT 1"),
    "sql-sender-login-mailboxes": (("mailbox",),
        "SELECT email FROM core_user WHERE email='%s' AND is_active"),
    "sql-sender-login-aliases": (("alias",),
        "SELECT concat(mb.address, '@', dom.name) FROM modoboa_admin_aliasrecipient AS alr INNER JOIN admin_alias AS al "
        "ON alr.alias_id=al.id INNER JOIN admin_mailbox AS mb ON alr.r_mailbox_id=mb.id INNER JOIN admin_domain AS dom "
        "ON dom.id=mb.domain_id WHERE al.enabled AND al.address='%s'"),
    "sql-relaydomains": (("domain",),
        "SELECT name FROM admin_domain WHERE name='%s' AND type='relaydomain' AND enabled"),
    "dovecot password_query": (("mailbox", "unknown address"),
        "SELECT email AS user, password FROM core_user WHERE email='%s' and is_active"),
    "dovecot user_query": (("mailbox", "unknown address"),
        "SELECT '/srv/mail/%d/%u' AS home, 5000 as uid, 5000 as gid, '*:bytes=' || mb.quota || 'M' AS quota_rule "
        "FROM admin_mailbox mb INNER JOIN admin_domain dom ON mb.domain_id=dom.id "
        "WHERE mb.address='%u' AND dom.name='%d'"),
}


def sample_keys(target):
    """Kind of key: some of them at random."""
    def sample(column, source):
        return target.sample(column, source, N_KEYS)
    mailboxes = sample("full_address", "mailboxes.mailbox WHERE full_address LIKE '%@seed%'")
    aliases = sample("name", "domains.domain_alias WHERE name LIKE 'also-seed%'")
    domains = sample("name", "domains.domain WHERE name LIKE 'seed%'")
    return {
        "mailbox": mailboxes,
        "alias": sample("address", "mailboxes.alias WHERE address LIKE '%@seed%'"),
        "domain": domains,
        "domain alias": aliases,
        "mailbox in domain alias": sample(
            "m.local_part || '@' || a.name",
            "mailboxes.mailbox AS m JOIN domains.domain_alias AS a ON a.target_id = m.domain_id"),
        "unknown address": ["nobody." + address for address in mailboxes],
        "unknown domain": ["no-" + name for name in domains],
        "@domain": ["@" + name for name in domains],
    }


def our_queries(target):
    """Name: query, as roostctl writes them."""
    program = os.path.join(target["ROOST_BIN"], "roostctl")
    queries = {}
    with tempfile.TemporaryDirectory() as folder:
        for command in (["postfix-maps"], ["dovecot-conf", "--mail-home", "/srv/mail"]):
            done = subprocess.run([program, *command, "--destdir", folder], text=True, capture_output=True, check=False,
                                  env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"} | target.env)
            if done.returncode != 0:
                raise RuntimeError(f"roostctl {command[0]}: {done.stdout}{done.stderr}")
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), encoding="utf-8") as source:
                for key, query in re.findall(r"^(query|password_query|user_query) = (.*)$", source.read(), re.M):
                    queries[name if key == "query" else key] = query
    return queries


def fill(query, key):
    """The query for one key, as Postfix and Dovecot would send it."""
    local, at_sign, domain = key.partition("@")
    parts = {"s": key, "u": local if at_sign else key, "d": domain}
    return re.sub(r"%L?([sud])", lambda match: parts[match[1]], query)


def run_lookup(target, label, query, keys, limit, options, report):
    ids = target.sample("id", "mailboxes.mailbox WHERE full_address LIKE '%@seed%'", N_KEYS)
    queries = [fill(query, key) for key in keys]
    floor = [f"SELECT home FROM mailboxes.mailbox WHERE id = {mailbox_id}" for mailbox_id in ids]
    rounds = paired(
        options.rounds,
        lambda: pgbench_unprepared(target["ROOST_MAIL_DATABASE_URL"], queries, options.seconds, "mail"),
        lambda: pgbench_unprepared(target["ROOST_DATABASE_URL"], floor, options.seconds, "mail"))
    times = [[load.time_us for load in r] for r in rounds]
    report.row(label, median([t[0] for t in times]), median([t[1] for t in times]),
               median([t[0] / t[1] for t in times]), ("most", limit), rounds=times)


def wanted_lookups(target, options):
    """(label, query, kind of key, limit)"""
    ours = our_queries(target)
    for name in [*MAPS, *DOVECOT]:
        for kind in MAPS.get(name, ("mailbox", "unknown address")):
            # Dovecot's %u is the whole name.
            query = ours[name] if name in MAPS else ours[name].replace("%u", "%s")
            yield f"lookup ours {name.removesuffix('.cf')}: {kind}", query, kind, OUR_TARGET
    for name, (kinds, query) in DOCUMENTED.items():
        for kind in kinds:
            yield f"lookup documented {name}: {kind}", query, kind, DOCUMENTED_TARGET


def run(target, options, report):
    wanted = [found for found in wanted_lookups(target, options) if options.wants(found[0])]
    if not wanted:
        return
    keys = sample_keys(target)
    report.section(f"Microseconds of a lookup by Postfix or Dovecot at {target.mailboxes:,} mailboxes, beside reading one "
                   "row by its primary key; unprepared, one connection", "lookup", "by key", "ratio")
    for label, query, kind, limit in wanted:
        options.attempt(report, label, lambda label=label, query=query, kind=kind, limit=limit: run_lookup(
            target, label, query, keys[kind], limit, options, report))
