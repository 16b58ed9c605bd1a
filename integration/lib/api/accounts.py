"""Accounts over time: sessions that are ended, deletes that are undone or too late, bulk changes that are killed."""

import concurrent.futures
import subprocess

import grpc

from roost_test.checks import equal, holds
from roost_test.rest import Rest, login
from roost_test.rpc import Rpc
from roost_test.wait import eventually

REFUSED_S = 20
CLEANED_S = 60
RACERS = 20
MANY = 60
# Anybody may call them; the other services ask accounts who it is.
OPEN_TO_ALL = "/api/v1/account/me/"


def run(api):
    for name, scenario in (("sessions: one ends, then all others", sessions),
                           ("sessions: somebody else's is not there", foreign_session),
                           ("undo: an account that waits has no mail, and fsck finds nothing", waiting),
                           ("undo: restored or removed, never half", restore_races),
                           ("undo: the domain goes first", domain_first)):
        with api.check(name):
            scenario(api)
    if api.stack:
        with api.check("bulk: killed in the middle and repeated, nothing is half done"):
            killed_bulk(api)


def new_account(api, name, domain=None):
    return api.rest.post("/api/v1/accounts/", {"username": f"{name}@{domain or api.domain}", "role": "SimpleUsers",
                                               "password": api.password})


def sql(api, query):
    done = subprocess.run(["/usr/bin/psql", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d",
                           api.env["ROOST_DATABASE_URL"], "-c", query], text=True, capture_output=True, check=True)
    return done.stdout.strip()


def sessions(api):
    username = new_account(api, "many")["username"]
    first, second, third = (login(api.env["ROOST_URL"], username, api.password)[0] for _ in range(3))
    shown = first.get("/api/v1/account/sessions/")
    equal(len(shown), 3)
    equal(sum(session["current"] for session in shown), 1)
    for session in shown:
        equal(session["remote_address"], "127.0.0.1")
        holds(session["expires_at"] > session["last_seen_at"] >= session["created_at"], f"times of {session}")
        holds(session["pk"] not in first.headers["Cookie"], "the cookie's secret is shown")
    other = next(session["pk"] for session in second.get("/api/v1/account/sessions/") if session["current"])
    mark = api.events.mark()
    first.delete(f"/api/v1/account/sessions/{other}/")
    api.events.wait_for("SessionEnded", mark=mark)
    eventually("the ended session is refused", REFUSED_S,
               lambda: second.request("GET", OPEN_TO_ALL).status == 401)
    equal(first.request("DELETE", f"/api/v1/account/sessions/{other}/").status, 404)
    equal(third.request("GET", OPEN_TO_ALL).status, 200)
    # Without the CSRF token a session ends nothing.
    forged = Rest(api.env["ROOST_URL"])
    forged.headers = {"Cookie": first.headers["Cookie"]}
    equal(forged.request("POST", "/api/v1/account/sessions/end_others/").status, 403)
    equal(third.request("GET", OPEN_TO_ALL).status, 200)
    first.expect(204, "POST", "/api/v1/account/sessions/end_others/")
    eventually("the other session is refused", REFUSED_S, lambda: third.request("GET", OPEN_TO_ALL).status == 401)
    equal(len(first.get("/api/v1/account/sessions/")), 1)


def foreign_session(api):
    url = api.env["ROOST_URL"]
    mine, _ = login(url, api.users[0]["username"], api.password)
    theirs, _ = login(url, api.users[1]["username"], api.password)
    foreign = theirs.get("/api/v1/account/sessions/")[0]["pk"]
    equal(mine.request("DELETE", f"/api/v1/account/sessions/{foreign}/").status, 404)
    mine.expect(204, "POST", "/api/v1/account/sessions/end_others/")
    equal(theirs.request("GET", OPEN_TO_ALL).status, 200)
    equal(Rest(url).request("GET", "/api/v1/account/sessions/").status, 401)


def waiting(api):
    account = new_account(api, "waiting")
    path = f"/api/v1/accounts/{account['pk']}/"
    mailbox = f"SELECT count(*) FROM mail.admin_mailbox WHERE id = {account['mailbox']['pk']}"
    token = login(api.env["ROOST_URL"], account["username"], api.password)[0].post(
        "/api/v1/account/api_token/", {"name": "mine"})["token"]
    own = Rest(api.env["ROOST_URL"], token)
    equal(sql(api, mailbox), "1")
    api.rest.expect(204, "DELETE", path + "?undo_seconds=600")
    equal(sql(api, mailbox), "0")
    eventually("its token is refused", REFUSED_S, lambda: own.request("GET", OPEN_TO_ALL).status == 401)
    fsck(api)
    api.rest.expect(200, "POST", path + "restore/")
    equal(sql(api, mailbox), "1")
    eventually("its token works", REFUSED_S, lambda: own.request("GET", OPEN_TO_ALL).status == 200)
    fsck(api)


def fsck(api):
    """What others' scenarios have left under way may still be told; nothing of accounts and mailboxes is."""
    def clean():
        done = subprocess.run([f"{api.env['ROOST_BIN']}/roostctl", "fsck"], text=True, capture_output=True, check=False,
                              env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"} | api.env)
        equal(done.returncode, 0, done.stdout + done.stderr)
        return True
    eventually("fsck finds nothing", CLEANED_S, clean, pause_s=0.5)


def restore_races(api):
    """Their time is over at the moment they are restored."""
    accounts = [new_account(api, f"racer{number}") for number in range(RACERS)]
    for account in accounts:
        api.rest.delete(f"/api/v1/accounts/{account['pk']}/?undo_seconds=1")
    target = api.env["ROOST_GRPC_ACCOUNTS"]
    with Rpc(api.messages, target, api.tokens["admin"]) as rpc:
        def race(account):
            while sql(api, f"SELECT due_at > clock_timestamp() + interval '50 ms' FROM accounts.saga "
                           f"WHERE object_id = {account['pk']} AND kind = 'account_delete'") == "t":
                pass
            return rpc.status("roost.accounts.v1.Accounts/RestoreAccount", id=account["pk"])
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(race, accounts))
    for account, answer in zip(accounts, answers):
        path = f"/api/v1/accounts/{account['pk']}/"
        mailbox = f"SELECT count(*) FROM mailboxes.mailbox WHERE id = {account['mailbox']['pk']}"
        if answer == grpc.StatusCode.OK:
            equal(api.rest.get(path)["mailbox"]["pk"], account["mailbox"]["pk"])
            equal(sql(api, mailbox), "1")
        else:
            holds(answer in (grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.NOT_FOUND), f"it answered {answer}")
            eventually("it is removed", CLEANED_S, lambda query=mailbox: sql(api, query) == "0")
            equal(api.rest.request("GET", path).status, 404)
    api.check.note(f"{sum(answer == grpc.StatusCode.OK for answer in answers)} of {RACERS} were in time")
    fsck(api)


def domain_first(api):
    domain = f"first-{api.domain}"
    pk = api.rest.post("/api/v1/domains/", {"name": domain})["pk"]
    account = new_account(api, "late", domain)
    api.rest.delete(f"/api/v1/accounts/{account['pk']}/?undo_seconds=600")
    api.rest.delete(f"/api/v1/domains/{pk}/")
    eventually("it cannot come back", CLEANED_S, lambda: api.rest.request(
        "POST", f"/api/v1/accounts/{account['pk']}/restore/").status == 404)
    fsck(api)


def killed_bulk(api):
    domain = f"bulk-{api.domain}"
    api.rest.post("/api/v1/domains/", {"name": domain})
    pks = [new_account(api, f"user{number}", domain)["pk"] for number in range(MANY)]
    request = {"action": "delete", "filter": {"domain": domain}, "page_size": MANY}
    client = Rest(api.env["ROOST_URL"], api.tokens["admin"])
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.request, "POST", "/api/v1/accounts/bulk/", request)
        eventually("it has begun", CLEANED_S, lambda: left(api, domain) < MANY, pause_s=0.005)
        api.stack.kill_and_wait("accounts")
        holds(answer.result().status in (200, 503), f"it answered {answer.result()}")
    eventually("accounts answers again", CLEANED_S, lambda: api.rest.request("GET", OPEN_TO_ALL).status == 200)
    n_left = left(api, domain)
    api.check.note(f"{MANY - n_left} of {MANY} were deleted when accounts was killed")
    done = repeat(api, request)
    equal([result["outcome"] for result in done], ["done"] * n_left)
    equal(left(api, domain), 0)
    holds({result["pk"] for result in done} <= set(pks), "others were deleted too")
    fsck(api)
    wanted = {f"account/{pk}" for pk in pks}

    def deleted():
        return [event.subject for event in api.events.read()
                if event.kind == "AccountDeleted" and event.subject in wanted]
    eventually("every deletion is an event", CLEANED_S, lambda: set(deleted()) == wanted)
    equal(sorted(deleted()), sorted(wanted))


def left(api, domain):
    return int(sql(api, f"SELECT count(*) FROM accounts.account WHERE domain = '{domain}' AND state = 'active'"))


def repeat(api, request):
    """All results of a bulk change, page by page."""
    results, token = [], ""
    while True:
        page = api.rest.expect(200, "POST", "/api/v1/accounts/bulk/", request | {"page_token": token})
        results += page["results"]
        token = page["next_page_token"]
        if not token:
            return results
