"""3. Renames under steady mail: an account, then a whole domain. Nothing that was accepted may be lost."""

import os
import time

from main_job import step2_mail
from roost_test import mail
from roost_test.checks import equal, holds
from roost_test.wait import eventually

RENAME_S = 15
# How many mails get through before and after.
N_BEFORE = 15
N_AFTER = 25
FLOW_S = 60
ENDED_S = 5


def run(story):
    check = story.check
    with check("3.1 rename bob to robert under 10 mails/s: nothing lost, nothing refused"):
        rename_bob(story)
    with check("3.2 old mail is readable at the new address"):
        mail.wait_for_mail(story.stack["ROOST_IMAP"], "robert@example.test", story.password, story.mails,
                           story.within(5))
    with check("3.3 the old address opens no mailbox any more; an IMAP session that was open ends"):
        holds(not mail.can_log_in(story.stack["ROOST_IMAP"], "bob@example.test", story.password), "bob logged in")
        eventually("the open session ends", story.within(ENDED_S), story.objects["session"].has_ended)
    with check("3.4 aliases and catch-all follow"):
        aliases_follow(story, "robert@example.test")
    with check("3.5 the mail directory is where the layout says"):
        directory_follows(story)
    with check("3.6 rename without a catch-all under 10 mails/s: nothing accepted is lost"):
        rename_dora(story)
    with check("3.7 rename the domain under 10 mails/s: nothing accepted is lost"):
        rename_domain(story)
    with check("3.8 after the domain's rename all mail is readable at the new address"):
        mail.wait_for_mail(story.stack["ROOST_IMAP"], "robert@renamed.test", story.password, story.mails,
                           story.within(5))
    with check("3.9 accounts, aliases and quotas carry the domain's new name"):
        names_follow(story)
    with check("3.10 the domain alias still leads to the mailbox"):
        key = mail.send_patiently(story.stack["ROOST_SMTP"], "robert@example.alias.test")
        story.mails.append(key)
        mail.wait_for_mail(story.stack["ROOST_IMAP"], "robert@renamed.test", story.password, [key], story.within(10))
    with check("3.11 the old domain is not ours any more; an IMAP session that was open under its name ends"):
        eventually("the open session ends", story.within(ENDED_S), story.objects["session"].has_ended)
        eventually("a refusal", story.within(5),
                   lambda: step2_mail.refusal(story, "fresh@example.test") >= 500)


def rename_under_mail(story, old, new, rename):
    """Mail goes to the old address until the rename is answered, then to the new one. Returns the traffic."""
    address = [old]
    with mail.Traffic(story.stack["ROOST_SMTP"], lambda: address[0]) as traffic:
        flows(story, traffic, N_BEFORE)
        started = time.monotonic()
        rename()
        address[0] = new
        story.check.note(f"the rename was answered after {time.monotonic() - started:.3f} s")
        flows(story, traffic, N_AFTER)
        traffic.stop(story.within(60))
    story.check.note(f"{len(traffic.accepted)} accepted, {traffic.retries} tried again, {len(traffic.refused)} refused")
    # After a kill a message may wait in Postfix's queue for the next turn, and for the one after that.
    mail.wait_for_mail(story.stack["ROOST_IMAP"], new, story.password, traffic.accepted, 30 + 5 * story.slack_s)
    bounces = [key for key in traffic.accepted if bounced(story, key)]
    equal(bounces, [], "accepted, then returned to the sender")
    return traffic


def flows(story, traffic, count):
    """Waits until so many more were sent: accepted, or refused for good."""
    def done():
        return len(traffic.accepted) + len(traffic.refused)
    wanted = done() + count
    eventually(f"{count} more mails", story.within(FLOW_S), lambda: done() >= wanted)


def bounced(story, key):
    for name in os.listdir(story.stack["ROOST_SINK"]):
        with open(os.path.join(story.stack["ROOST_SINK"], name), encoding="utf-8", errors="replace") as source:
            content = source.read()
        if key in content and "Undelivered" in content:
            return True
    return False


def open_session(story, address):
    story.objects["session"] = mail.open_session(story.stack["ROOST_IMAP"], address, story.password)


def rename_bob(story):
    open_session(story, "bob@example.test")

    def rename():
        answer = story.rest.patch(f"/api/v1/accounts/{story.pk('bob')}/", {"username": "robert@example.test"})
        equal(answer["username"], "robert@example.test")
        equal(answer["mailbox"]["full_address"], "robert@example.test")
        story.remember("bob", answer)
    traffic = rename_under_mail(story, "bob@example.test", "robert@example.test", rename)
    equal(traffic.refused, [], "refused for good")
    story.mails += traffic.accepted
    story.wrote("AccountModified", f"account/{story.pk('bob')}")
    story.wrote("MailboxModified", f"mailbox/{story.objects['bob']['mailbox']['pk']}")


def aliases_follow(story, address):
    for name in ("info", "catch-all"):
        alias = story.rest.get(f"/api/v1/aliases/{story.pk(name)}/")
        holds(address in alias["recipients"], f"{alias['address']} goes to {alias['recipients']}")
        holds("bob@example.test" not in alias["recipients"], f"{alias['address']} still names bob")
    keys = [mail.send_patiently(story.stack["ROOST_SMTP"], to) for to in ("info@example.test", "whoever@example.test")]
    story.mails += keys
    mail.wait_for_mail(story.stack["ROOST_IMAP"], address, story.password, keys, story.within(10))


def mailbox(story, name):
    return story.rest.get(f"/api/v1/mailboxes/{story.objects[name]['mailbox']['pk']}/")


def directory_follows(story):
    root = story.stack["ROOST_MAIL_HOME"]
    home = mailbox(story, "bob")["home"]
    holds(os.path.isdir(os.path.join(root, home)), f"no directory {home}")
    if story.layout == "id":
        holds("bob" not in home and "example" not in home, f"{home} depends on the address")
        equal(operations(story, "rename"), [], "rename operations")
        return
    eventually("the directory's move", story.within(RENAME_S),
               lambda: mailbox(story, "bob")["home"] == "example.test/robert")
    eventually("the new directory", story.within(5), lambda: os.path.isdir(os.path.join(root, "example.test/robert")))
    eventually("the old directory is gone", story.within(5),
               lambda: not os.path.exists(os.path.join(root, "example.test/bob")))
    eventually("the operation is done", story.within(5),
               lambda: [op["state"] for op in operations(story, "rename")][:1] == ["done"])


def operations(story, kind):
    return [op for op in story.rest.get("/api/v1/mailboxoperations/") if op["type"] == kind]


def rename_dora(story):
    """Nothing catches mail for the old name: once the rename has begun it may be refused for good, at once."""
    began = []

    def rename():
        began.append(time.monotonic())
        answer = story.rest.patch(f"/api/v1/accounts/{story.pk('dora')}/", {"username": "theodora@quiet.test"})
        story.remember("dora", answer)
    traffic = rename_under_mail(story, "dora@quiet.test", "theodora@quiet.test", rename)
    wrong = [entry for entry in traffic.refused if entry[1] != "dora@quiet.test"]
    equal(wrong, [], "refused at the new address")
    story.wrote("AccountModified", f"account/{story.pk('dora')}")


def rename_domain(story):
    open_session(story, "robert@example.test")

    def rename():
        answer = story.rest.patch(f"/api/v1/domains/{story.pk('domain')}/", {"name": "renamed.test"})
        equal(answer["name"], "renamed.test")
    traffic = rename_under_mail(story, "robert@example.test", "robert@renamed.test", rename)
    wrong = [entry for entry in traffic.refused if entry[1] != "robert@example.test"]
    equal(wrong, [], "refused at the new address")
    story.mails += traffic.accepted
    eventually("the end of the domain's rename", story.within(RENAME_S),
               lambda: not story.rest.get(f"/api/v1/domains/{story.pk('domain')}/").get("rename_in_progress"))
    story.wrote("DomainModified", f"domain/{story.pk('domain')}")


def names_follow(story):
    account = story.rest.get(f"/api/v1/accounts/{story.pk('bob')}/")
    equal((account["username"], account["mailbox"]["full_address"]), ("robert@renamed.test", "robert@renamed.test"))
    info = story.rest.get(f"/api/v1/aliases/{story.pk('info')}/")
    equal(info["address"], "info@renamed.test")
    holds("robert@renamed.test" in info["recipients"], f"recipients are {info['recipients']}")
    equal(story.rest.get(f"/api/v1/aliases/{story.pk('catch-all')}/")["address"], "@renamed.test")
    if story.with_kills:
        step2_mail.recount(story, "robert@renamed.test")
    quota = f"/api/v1/quotas/{account['mailbox']['pk']}/"
    equal(story.rest.get(quota)["address"], "robert@renamed.test")
    # Dovecot tells what it has counted a moment after the delivery.
    eventually(f"usage counts {len(story.mails)} messages", story.within(step2_mail.USAGE_S),
               lambda: story.rest.get(quota)["messages"] >= len(story.mails))
    if story.layout == "address":
        eventually("the directory's move", story.within(RENAME_S), lambda: os.path.isdir(
            os.path.join(story.stack["ROOST_MAIL_HOME"], "renamed.test/robert")))
