"""Identities over time: one list of both kinds at every page size; aliases and domains that wait for an undo."""

import concurrent.futures
import re

from api.accounts import fsck, new_account, sql
from roost_test.checks import equal, holds
from roost_test.rest import Rest
from roost_test.wait import eventually

CLEANED_S = 60
RACERS = 12
KEY = re.compile(r"<([^>]*)>")


def run(api):
    for name, scenario in (("identities: every page size shows everybody once, in order", pages),
                           ("undo: mail does not find an alias that waits", waiting_alias),
                           ("undo: mail does not find a domain that waits, and fsck finds nothing", waiting_domain),
                           ("undo: aliases and domains are restored or removed, never half", restore_races),
                           ("undo: a domain goes with accounts and aliases that wait", waiting_inside)):
        with api.check(name):
            scenario(api)


def new_domain(api, name):
    name = f"{name}-{api.domain}"
    return api.rest.post("/api/v1/domains/", {"name": name})["pk"], name


def new_alias(api, address, recipient="friend@elsewhere.example"):
    return api.rest.post("/api/v1/aliases/", {"address": address, "recipients": [recipient]})["pk"]


def walk(api, path):
    """The items of all pages, by their links."""
    found = []
    while path:
        response = api.rest.request("GET", path)
        equal(response.status, 200)
        found += response.json
        link = KEY.search(response.headers.get("Link") or "")
        path = link[1] if link else None
        path = path and "/" + path.split("/", 3)[3] if path and "://" in path else path
    return [(item["address"], item["kind"]) for item in found]


def pages(api):
    _, domain = new_domain(api, "pages")
    names = ("ann", "bob", "carl", "dora")
    for name in names:
        new_account(api, name, domain)
    for name in ("all", "bob", "carl", "zoe", "b.o"):
        new_alias(api, f"{name}@{domain}")
    expected = sorted([(f"{name}@{domain}", "account") for name in names]
                      + [(f"{name}@{domain}", "alias") for name in ("all", "bob", "carl", "zoe", "b.o")])
    for size in range(1, 11):
        path = f"/api/v1/identities/?domain={domain}&page_size={size}"
        equal(walk(api, path), expected)
        equal(walk(api, path + "&ordering=-address"), expected[::-1])


def waiting_alias(api):
    _, domain = new_domain(api, "alias")
    alias = new_alias(api, f"info@{domain}")
    asked = f"SELECT count(*) FROM mail.alias('info@{domain}')"
    equal(sql(api, asked), "1")
    api.rest.expect(204, "DELETE", f"/api/v1/aliases/{alias}/?undo_seconds=600")
    equal(sql(api, asked), "0")
    fsck(api)
    api.rest.expect(200, "POST", f"/api/v1/aliases/{alias}/restore/")
    equal(sql(api, asked), "1")


def waiting_domain(api):
    domain_pk, domain = new_domain(api, "domain")
    account = new_account(api, "bob", domain)
    new_alias(api, f"info@{domain}", account["username"])
    api.rest.post("/api/v1/domainaliases/", {"name": f"other-{domain}", "target": domain_pk})
    asked = (f"SELECT (SELECT count(*) FROM mail.domain('{domain}')) + (SELECT count(*) FROM mail.alias('bob@{domain}'))"
             f" + (SELECT count(*) FROM mail.alias('info@{domain}'))"
             f" + (SELECT count(*) FROM mail.domain_alias('other-{domain}'))"
             f" + (SELECT count(*) FROM mail.dovecot_password('bob@{domain}', '/', '1', '1'))")
    equal(sql(api, asked), "5")
    api.rest.expect(204, "DELETE", f"/api/v1/domains/{domain_pk}/?undo_seconds=600")
    equal(sql(api, asked), "0")
    equal(try_login(api, account["username"]), 401)
    fsck(api)
    api.rest.expect(200, "POST", f"/api/v1/domains/{domain_pk}/restore/")
    equal(sql(api, asked), "5")
    equal(try_login(api, account["username"]), 200)
    fsck(api)


def try_login(api, username):
    """The status; others' wrong passwords from this address may have throttled logins for a moment."""
    def attempt():
        status = Rest(api.env["ROOST_URL"]).request("POST", "/api/v1/auth/login/",
                                                    {"username": username, "password": api.password}).status
        return status if status != 429 else None
    return eventually("an answer to the login", CLEANED_S, attempt, pause_s=0.5)


def restore_races(api):
    """Their time is over at the moment they are restored."""
    domain_pk, domain = new_domain(api, "races")
    aliases = [new_alias(api, f"racer{number}@{domain}") for number in range(RACERS)]
    domains = [new_domain(api, f"racer{number}")[0] for number in range(RACERS)]
    paths = [f"/api/v1/aliases/{pk}/" for pk in aliases] + [f"/api/v1/domains/{pk}/" for pk in domains]

    def race(path):
        client = Rest(api.env["ROOST_URL"], api.tokens["admin"])
        client.expect(204, "DELETE", path + "?undo_seconds=1")
        kind = "mailboxes" if "aliases" in path else "domains"
        pk = path.split("/")[4]
        while sql(api, f"SELECT due_at > clock_timestamp() + interval '30 ms' FROM {kind}.saga "
                       f"WHERE object_id = {pk} AND attempts = 0") == "t":
            pass
        status = client.request("POST", path + "restore/").status
        holds(status in (200, 404, 409), f"restore answered {status}")
        return path, status

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(race, paths))
    for path, status in outcomes:
        wanted = 200 if status == 200 else 404
        eventually(f"{path} is there: {wanted}", CLEANED_S,
                   lambda path=path, wanted=wanted: api.rest.request("GET", path).status == wanted)
    api.rest.delete(f"/api/v1/domains/{domain_pk}/")
    fsck(api)


def waiting_inside(api):
    domain_pk, domain = new_domain(api, "inside")
    account = new_account(api, "bob", domain)
    alias = new_alias(api, f"info@{domain}")
    api.rest.expect(204, "DELETE", f"/api/v1/accounts/{account['pk']}/?undo_seconds=600")
    api.rest.expect(204, "DELETE", f"/api/v1/aliases/{alias}/?undo_seconds=600")
    api.rest.expect(204, "DELETE", f"/api/v1/domains/{domain_pk}/?undo_seconds=1")
    eventually("the domain is gone", CLEANED_S,
               lambda: sql(api, f"SELECT count(*) FROM domains.domain WHERE id = {domain_pk}") == "0")
    equal(api.rest.request("POST", f"/api/v1/aliases/{alias}/restore/").status, 404)
    equal(api.rest.request("POST", f"/api/v1/accounts/{account['pk']}/restore/").status, 404)
