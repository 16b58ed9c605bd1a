"""2. Real mail: in through Postfix, delivered by LMTP, read over IMAP, counted, and refused where it must be."""

import glob
import os
import smtplib
import stat
import subprocess

from roost_test import mail
from roost_test.checks import equal, holds
from roost_test.wait import NotInTime, eventually

DELIVERY_S = 10
USAGE_S = 2
MEGABYTE = 1024 * 1024


def run(story):
    check, stack = story.check, story.stack
    for number, what, address in (("2.1", "bob", "bob@example.test"), ("2.2", "the alias", "info@example.test"),
                                  ("2.3", "the catch-all", "anything@example.test"),
                                  ("2.4", "the domain alias", "bob@example.alias.test")):
        with check(f"{number} mail for {what} is delivered and read over IMAP with bob's password"):
            key = mail.send_patiently(stack["ROOST_SMTP"], address)
            story.mails.append(key)
            mail.wait_for_mail(stack["ROOST_IMAP"], "bob@example.test", story.password, [key], story.within(DELIVERY_S))
    with check("2.5 the alias's external recipient gets its copy"):
        eventually("the copy in the sink", story.within(DELIVERY_S),
                   lambda: in_sink(stack, "friend@elsewhere.example", story.mails[1]))
        equal([stat.S_IMODE(os.stat(stack["ROOST_SINK"]).st_mode), *modes(stack["ROOST_SINK"])], [0o700, 0o600])
    with check("2.6 an unknown recipient at a domain of others is refused"):
        equal(refusal(story, "nobody@elsewhere.example") // 100, 5)
    with check("2.7 an unknown recipient at a domain without catch-all is refused"):
        equal(refusal(story, "nobody@quiet.test") // 100, 5)
    with check("2.8 a wrong password opens no mailbox"):
        holds(not mail.can_log_in(stack["ROOST_IMAP"], "bob@example.test", "Wrong-horse-7"), "logged in")
    with check("2.9 the submission port takes mail from bob as bob, not as somebody else"):
        submission(story)
    with check("2.10 usage appears in REST soon"):
        usage_appears(story)
    with check("2.11 a message over quota is refused, and the sender is told"):
        over_quota(story)
    with check("2.12 usage follows when mail is deleted over IMAP"):
        usage_falls(story)
    with check("2.13 mail finds mailboxes whose names have every character that they may have"):
        rare_names(story)


def modes(folder):
    return {stat.S_IMODE(os.stat(path).st_mode) for path in glob.glob(os.path.join(folder, "*"))}


def refusal(story, address):
    """The code of the refusal; a server that is just being restarted is asked again."""
    def ask():
        try:
            code, _ = mail.rcpt_code(story.stack["ROOST_SMTP"], address)
        except (OSError, smtplib.SMTPException):
            return None
        return code if code // 100 != 4 else None
    return eventually(f"an answer about {address}", story.within(5), ask)


def in_sink(stack, *texts):
    for path in glob.glob(os.path.join(stack["ROOST_SINK"], "*")):
        with open(path, encoding="utf-8", errors="replace") as source:
            content = source.read()
        if all(text in content for text in texts):
            return content
    return None


def submission(story):
    stack, login = story.stack, ("bob@example.test", story.password)
    key = mail.send_patiently(stack["ROOST_SUBMISSION"], "friend@elsewhere.example", "bob@example.test", login=login)
    eventually("the message in the sink", story.within(DELIVERY_S), lambda: in_sink(stack, key))
    try:
        mail.send_patiently(stack["ROOST_SUBMISSION"], "friend@elsewhere.example", "dora@quiet.test", login=login)
    except (smtplib.SMTPSenderRefused, smtplib.SMTPRecipientsRefused):
        return
    raise AssertionError("bob could send as dora")


def quota(story):
    return story.rest.get(f"/api/v1/quotas/{story.objects['bob']['mailbox']['pk']}/")


def usage_appears(story):
    before = quota(story)
    key = send_large(story, 1)
    mail.wait_for_mail(story.stack["ROOST_IMAP"], "bob@example.test", story.password, [key], story.within(DELIVERY_S))

    def counted():
        now = quota(story)
        return now if now["bytes"] >= before["bytes"] + MEGABYTE and now["messages"] > before["messages"] else None
    now = eventually("the usage", story.within(USAGE_S), counted)
    account = story.rest.get(f"/api/v1/accounts/{story.pk('bob')}/")
    equal(account["mailbox"]["quota_usage"], now["bytes"] * 100 // (now["quota"] * MEGABYTE))


def send_large(story, megabytes):
    """The key of a message of that size, or what it was refused with."""
    body = ("x" * 75 + "\n") * (megabytes * MEGABYTE // 76 + 1)
    try:
        return mail.send_patiently(story.stack["ROOST_SMTP"], "bob@example.test", "sender@elsewhere.example", body)
    except smtplib.SMTPRecipientsRefused as error:
        return f"refused: {error.recipients}"


def over_quota(story):
    """Either at SMTP or by a message to the sender, but not in the mailbox and not silently."""
    key = send_large(story, 6)
    if not key.startswith("refused"):
        told = eventually("the sender is told", story.within(DELIVERY_S),
                          lambda: in_sink(story.stack, key, "sender@elsewhere.example", "uota"))
        holds(told, "no word to the sender")
    with mail.Imap(story.stack["ROOST_IMAP"], "bob@example.test", story.password) as imap:
        holds(key not in imap.subjects(), "the message is in the mailbox")
    holds(quota(story)["bytes"] <= 5 * MEGABYTE, "usage is over the quota")


def usage_falls(story):
    """What was sent is read back later in the story: only the large message goes."""
    def delete():
        with mail.Imap(story.stack["ROOST_IMAP"], "bob@example.test", story.password) as imap:
            imap.connection.select("INBOX")
            _, found = imap.connection.search(None, "LARGER", str(MEGABYTE // 2))
            for number in found[0].split():
                imap.connection.store(number, "+FLAGS", "\\Deleted")
            imap.connection.expunge()
        return True
    eventually("the large message is deleted", story.within(5), delete)
    try:
        eventually("usage falls", story.within(USAGE_S), lambda: quota(story)["bytes"] < MEGABYTE)
    except NotInTime:
        if not story.with_kills:
            raise
        recount(story, "bob@example.test")
        eventually("usage falls", story.within(USAGE_S), lambda: quota(story)["bytes"] < MEGABYTE)


def rare_names(story):
    for name in ("o'brien", "a#$&=^_`{|}~z", "a-z.9"):
        address = f"{name}@quiet.test"
        story.rest.post("/api/v1/accounts/", {"username": address, "role": "SimpleUsers", "password": story.password})
        key = mail.send_patiently(story.stack["ROOST_SMTP"], address)
        mail.wait_for_mail(story.stack["ROOST_IMAP"], address, story.password, [key], story.within(DELIVERY_S))


def recount(story, user):
    """Dovecot drops what it cannot write while the database is down; its own remedy is to count again."""
    def attempt():
        try:
            story.stack.doveadm("quota", "recalc", "-u", user)
        except subprocess.CalledProcessError as error:
            raise AssertionError(error) from error
        return True
    eventually("doveadm quota recalc", story.within(5), attempt)
