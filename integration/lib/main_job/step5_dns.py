"""5. DNS health: a right, a wrong and a missing MX record, and a resolver that does not answer."""

from roost_test.checks import equal, holds
from roost_test.wait import timed

EXPECTED_MX = "mx.ours.test"
ZONES = {
    "ours.test": ["mx A 192.0.2.1"],
    "others.test": ["mx A 192.0.2.2"],
    "right.test": ["@ MX 10 mx.ours.test."],
    "wrong.test": ["@ MX 10 mx.others.test."],
    "missing.test": ["www A 192.0.2.3"],
}
ANSWER_S = 10.5


def run(story):
    check = story.check
    for name in ("right.test", "wrong.test", "missing.test"):
        with check(f"5.1 {name} before its first check: pending, unless the schedule was faster"):
            domain = story.remember(name, story.rest.post("/api/v1/domains/", {"name": name}))
            story.wrote("DomainCreated", f"domain/{domain['pk']}")
            holds(result(story, name)["status"] in ("pending", verdict(name)), "neither pending nor checked")
    for name, reason in (("right.test", ""), ("wrong.test", "MX_HOST_UNEXPECTED"), ("missing.test", "MX_MISSING")):
        with check(f"5.2 {name}: {verdict(name)} {reason}".rstrip()):
            expect(story, name, verdict(name), reason)
    with check("5.3 the result says what was expected and what was found"):
        found = result(story, "wrong.test")["checks"][0]
        holds(any("mx.others.test" in text for text in found["found"]), f"found is {found['found']}")
        holds(any("mx.ours.test" in text for text in found["expected"]), f"expected is {found['expected']}")
    with check("5.4 a repaired zone is ok at the next check"):
        story.name_server.replace_zone("wrong.test", ["@ MX 10 mx.ours.test."])
        expect(story, "wrong.test", "ok", "")
        story.wrote("DnsCheckChanged", f"dnscheck/{story.pk('wrong.test')}")
    with check("5.5 a resolver that never answers: could not tell, in time"):
        story.name_server.freeze()
        try:
            _, seconds = timed(lambda: expect(story, "right.test", "unknown", "RESOLVER_TIMEOUT"))
            holds(seconds < ANSWER_S + story.slack_s, f"it took {seconds:.1f} s")
        finally:
            story.name_server.thaw()
    with check("5.6 a resolver that is not there: could not tell"):
        story.name_server.stop()
        check_now(story, "right.test")
        equal(result(story, "right.test")["status"], "unknown")


def verdict(name):
    return "ok" if name == "right.test" else "wrong"


def check_now(story, name):
    return story.rest.expect(200, "POST", f"/api/v1/domains/{story.pk(name)}/dns/", {})


def result(story, name):
    return story.rest.get(f"/api/v1/domains/{story.pk(name)}/dns/")


def expect(story, name, status, reason):
    answer = check_now(story, name)
    record = answer["checks"][0]
    equal((record["type"], record["status"], record.get("reason", "")), ("mx", status, reason))
    equal(answer["status"], status)
    stored = result(story, name)
    equal((stored["status"], stored["checks"]), (answer["status"], answer["checks"]), "as stored")
