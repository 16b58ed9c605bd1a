"""1. An administrator makes a domain, an account with its mailbox, aliases, a catch-all and a domain alias."""

import json

from roost_test.checks import equal, holds
from roost_test.rpc import Rpc
from roost_test.wait import eventually

DOMAIN_QUOTA_MB = 100
MAILBOX_QUOTA_MB = 5


def run(story):
    check, rest = story.check, story.rest
    with check("1.1 a token made after a login opens the API"):
        me = rest.get("/api/v1/account/me/")
        equal(me["username"], story.stack["ROOST_ADMIN"])
        equal(me["role"], "SuperAdmins")
    with check("1.2 a domain with quota 100 MB and default mailbox quota 5 MB"):
        domain = story.remember("domain", rest.post("/api/v1/domains/", {
            "name": "example.test", "quota": DOMAIN_QUOTA_MB, "default_mailbox_quota": MAILBOX_QUOTA_MB}))
        equal((domain["name"], domain["quota"], domain["default_mailbox_quota"], domain["enabled"]),
              ("example.test", DOMAIN_QUOTA_MB, MAILBOX_QUOTA_MB, True))
        story.wrote("DomainCreated", f"domain/{domain['pk']}")
    with check("1.3 one call makes account and mailbox, with the domain's default quota"):
        create_bob(story)
    with check("1.4 an alias with a local and an external recipient"):
        create_alias(story, "info", "info@example.test", ["bob@example.test", "friend@elsewhere.example"])
    with check("1.5 a catch-all"):
        create_alias(story, "catch-all", "@example.test", ["bob@example.test"])
    with check("1.6 a domain alias"):
        alias = story.remember("domain alias", rest.post("/api/v1/domainaliases/", {
            "name": "example.alias.test", "target": story.pk("domain")}))
        equal((alias["name"], alias["target"]), ("example.alias.test", story.pk("domain")))
        story.wrote("DomainAliasCreated", f"domain_alias/{alias['pk']}")
    with check("1.7 a domain made over gRPC is there over REST"):
        create_by_grpc(story)
    with check("1.8 an account made by roostctl is there over gRPC, with its mailbox"):
        create_by_command_line(story)
    with check("1.9 the domain counts what was made in it"):
        domain = rest.get(f"/api/v1/domains/{story.pk('domain')}/")
        equal((domain["mailbox_count"], domain["mbalias_count"], domain["domainalias_count"]), (1, 2, 1))
        equal(domain["allocated_quota"], MAILBOX_QUOTA_MB)


def create_bob(story):
    bob = story.remember("bob", story.rest.post("/api/v1/accounts/", {
        "username": "bob@example.test", "role": "SimpleUsers", "password": story.password, "first_name": "Bob",
        "mailbox": {"full_address": "bob@example.test", "use_domain_quota": True}}))
    equal(bob["username"], "bob@example.test")
    equal(bob["mailbox"]["full_address"], "bob@example.test")
    equal(bob["mailbox"]["quota"], MAILBOX_QUOTA_MB)
    holds("password" not in bob, "the password or its hash is in the answer")
    equal(story.rest.get(f"/api/v1/accounts/{bob['pk']}/")["mailbox"], bob["mailbox"], "read back")
    story.wrote("AccountCreated", f"account/{bob['pk']}")
    story.wrote("MailboxCreated", f"mailbox/{bob['mailbox']['pk']}")


def create_alias(story, name, address, recipients):
    alias = story.remember(name, story.rest.post("/api/v1/aliases/", {"address": address, "recipients": recipients}))
    equal(alias["address"], address)
    equal(sorted(alias["recipients"]), sorted(recipients))
    story.wrote("MailboxAliasCreated", f"alias/{alias['pk']}")


def create_by_grpc(story):
    with Rpc(story.messages, story.stack["ROOST_GRPC_DOMAINS"], story.token) as rpc:
        made = rpc.call_patiently("roost.domains.v1.Domains/CreateDomain", domain={"name": "quiet.test"}, request_id="story-1.7")
        again = rpc.call_patiently("roost.domains.v1.Domains/CreateDomain", domain={"name": "quiet.test"}, request_id="story-1.7")
    equal(again.id, made.id, "the same request_id again")
    seen = story.remember("quiet domain", story.rest.get(f"/api/v1/domains/{made.id}/"))
    equal(seen["name"], "quiet.test")
    story.wrote("DomainCreated", f"domain/{made.id}")


def create_by_command_line(story):
    done = eventually("an answer to roostctl", story.within(5), lambda: story.stack.roostctl(
        "--output", "json", "accounts", "create", "--username", "dora@quiet.test", "--role", "SimpleUsers",
        "--password", story.password, "--request_id", "story-1.8"))
    made = json.loads(done.stdout)
    with Rpc(story.messages, story.stack["ROOST_GRPC_ACCOUNTS"], story.token) as rpc:
        seen = rpc.call_patiently("roost.accounts.v1.Accounts/GetAccount", id=made["pk"])
    equal(seen.username, "dora@quiet.test")
    equal(seen.mailbox.full_address, "dora@quiet.test")
    story.remember("dora", made)
    story.wrote("AccountCreated", f"account/{made['pk']}")
