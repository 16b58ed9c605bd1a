"""What is looked at across domains and mailboxes: results of DNS checks, full mailboxes; and the login's CSRF header."""

import subprocess

from roost_test.checks import equal, holds
from roost_test.rest import Rest, login
from roost_test.wait import eventually

# The list of DNS checks follows the list of domains in pages, every two seconds.
SWEPT_S = 60
MB = 1 << 20


def run(api):
    for name, scenario in (("dnschecks: the list follows the domains, in each ordering and by pages", checks_follow),
                           ("dnschecks: what is filtered by status, domain and search", checks_filtered),
                           ("dnschecks: bad filters and foreign callers are refused", checks_refused),
                           ("quotas: usage_over finds who is full, as usage and quota change", full_mailboxes),
                           ("quotas: a bad usage_over is refused", full_refused),
                           ("login: the CSRF token is a header too, and good for a write", csrf_header)):
        with api.check(name):
            scenario(api)


def new_domain(api, name, **more):
    return api.rest.post("/api/v1/domains/", {"name": f"{name}-{api.domain}"} | more)["pk"]


def listed(api, query):
    return api.rest.get("/api/v1/dnschecks/?" + query)


def of(*domains):
    return "&".join(f"domains={pk}" for pk in domains)


def wait_listed(api, *domains):
    eventually(f"{domains} are listed", SWEPT_S, lambda: len(listed(api, of(*domains))) == len(domains))


def checks_follow(api):
    first, second = new_domain(api, "a"), new_domain(api, "b")
    wait_listed(api, first, second)
    both = of(first, second)
    equal([check["domain"] for check in listed(api, both)], [first, second])
    equal([check["domain"] for check in listed(api, both + "&ordering=-name")], [second, first])
    for pk in (second, first):
        result = api.rest.expect(200, "POST", f"/api/v1/domains/{pk}/dns/", {})
        item = eventually("the result is listed", SWEPT_S, lambda pk=pk: listed(api, of(pk))[0])
        equal(item["name"], result["name"])
        equal(set(item), set(api.rest.get(f"/api/v1/domains/{pk}/dns/")))
    # The schedule checks them too, so which came last is not known.
    for ordering, is_reversed in (("checked_at", False), ("-checked_at", True)):
        found = listed(api, f"{both}&ordering={ordering}")
        equal(sorted(check["domain"] for check in found), sorted([first, second]))
        equal(found, sorted(found, key=lambda check: check["checked_at"], reverse=is_reversed))
    page = api.rest.request("GET", f"/api/v1/dnschecks/?{both}&page_size=1&count=true")
    equal((page.status, len(page.json), page.headers["X-Total-Count"]), (200, 1, "2"))
    following = page.headers["Link"].split(">")[0].removeprefix("<")
    path = following[following.index("/api/"):]
    equal([check["domain"] for check in api.rest.get(path)], [second])
    api.rest.patch(f"/api/v1/domains/{first}/", {"enable_dns_checks": False})
    api.rest.delete(f"/api/v1/domains/{second}/")
    eventually("both are gone", SWEPT_S, lambda: listed(api, both) == [])


def checks_filtered(api):
    pk = new_domain(api, "filtered")
    wait_listed(api, pk)
    api.rest.expect(200, "POST", f"/api/v1/domains/{pk}/dns/", {})

    def one_status():
        """Asked again where the schedule has checked it in between."""
        before = listed(api, f"domains={pk}")[0]["status"]
        found = [wanted for wanted in ("ok", "wrong", "unknown", "pending")
                 if listed(api, f"domains={pk}&status={wanted}")]
        equal(found, [before])
        return True
    eventually("it is listed under its status and no other", SWEPT_S, one_status)
    equal([check["domain"] for check in listed(api, f"search=FILTERED-{api.domain}")], [pk])
    equal(listed(api, f"search=filtered-{api.domain}x"), [])
    equal(listed(api, "domains=999999999"), [])


def checks_refused(api):
    for query, field in (("status=disabled", "status"), ("ordering=status", "ordering"), ("domains=x", "domains"),
                         ("domains=1&domains=", "domains"), ("page_size=-1", "page_size"),
                         ("page_size=1&page_token=x", "page_token")):
        answer = api.rest.expect(400, "GET", f"/api/v1/dnschecks/?{query}")
        holds(field in answer, f"{query}: {answer}")
    for token, status in ((api.tokens["user"], 403), (None, 401)):
        equal(Rest(api.env["ROOST_URL"], token).request("GET", "/api/v1/dnschecks/").status, status)


def counted(api, address, megabytes):
    """As Dovecot writes what it has counted."""
    subprocess.run(["/usr/bin/psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", api.env["ROOST_MAIL_DATABASE_URL"], "-c",
                    f"UPDATE mail.admin_quota SET bytes = {megabytes * MB} WHERE username = '{address}'"], check=True)


def full_mailboxes(api):
    domain = f"full-{api.domain}"
    new_domain(api, "full")
    mailboxes = {}
    for name, quota in (("half", 10), ("nearly", 10), ("unlimited", 0)):
        address = f"{name}@{domain}"
        account = api.rest.post("/api/v1/accounts/", {
            "username": address, "role": "SimpleUsers", "password": api.password,
            "mailbox": {"full_address": address, "use_domain_quota": False, "quota": quota}})
        mailboxes[name] = account
        counted(api, address, {"half": 5, "nearly": 9, "unlimited": 900}[name])

    def over(percent, ordering="address"):
        found = api.rest.get(f"/api/v1/quotas/?domain={domain}&usage_over={percent}&ordering={ordering}")
        return [(quota["address"].split("@")[0], quota["quota_usage"]) for quota in found]

    equal(over(80), [("nearly", 90)])
    equal(over(50, "-usage"), [("nearly", 90), ("half", 50)])
    equal(over(51), [("nearly", 90)])
    equal(over(0), [("half", 50), ("nearly", 90), ("unlimited", 0)])
    total = api.rest.request("GET", f"/api/v1/quotas/?domain={domain}&usage_over=50&page_size=1&count=true")
    equal(total.headers["X-Total-Count"], "2")
    change_quota(api, mailboxes["nearly"], 100)
    change_quota(api, mailboxes["half"], 5)
    equal(over(80), [("half", 100)])
    counted(api, f"half@{domain}", 1)
    equal(over(20), [("half", 20)])


def change_quota(api, account, quota):
    api.rest.patch(f"/api/v1/accounts/{account['pk']}/", {"mailbox": {"use_domain_quota": False, "quota": quota}})


def full_refused(api):
    for value in ("-1", "x", "1.5", "99999999999"):
        answer = api.rest.expect(400, "GET", f"/api/v1/quotas/?usage_over={value}")
        holds("usage_over" in answer, f"{value}: {answer}")


def csrf_header(api):
    session, answer = login(api.env["ROOST_URL"], api.users[0]["username"], api.password)
    equal(answer.headers["X-CSRF-Token"], answer.json["csrf_token"])
    session.headers["X-CSRF-Token"] = answer.headers["X-CSRF-Token"]
    session.patch("/api/v1/account/me/", {"first_name": "Ann"})
    session.expect(204, "POST", "/api/v1/auth/logout/", {})
    refused = Rest(api.env["ROOST_URL"]).request("POST", "/api/v1/auth/login/", {"username": "nobody", "password": "x"})
    holds("X-CSRF-Token" not in refused.headers, "a refused login carries a token")
