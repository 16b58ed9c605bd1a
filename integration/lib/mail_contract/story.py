"""What Modoboa's documented configuration does with Roost's tables."""

import imaplib
import signal
import smtplib

from mail_contract.servers import Servers
from roost_test import mail
from roost_test.checks import Checks, equal, holds
from roost_test.rest import administrator
from roost_test.stack import Stack
from roost_test.wait import eventually

PASSWORD = "Toto1234!xyz"


class ContractStack(Stack):
    def sink_port(self):
        """Where the stack's own Postfix sends what is for others."""
        with open(f"{self.data}/postfix/etc/main.cf", encoding="utf-8") as source:
            line = next(line for line in source if line.startswith("relayhost"))
        return line.strip().rpartition(":")[2]


def seed(rest):
    domain = rest.post("/api/v1/domains/", {"name": "example.test", "quota": 100, "default_mailbox_quota": 2})
    rest.post("/api/v1/domainaliases/", {"name": "alias.test", "target": domain["pk"]})
    ids = {}
    for name in ("bob", "ann", "tim"):
        address = f"{name}@example.test"
        ids[name] = rest.post("/api/v1/accounts/", {
            "username": address, "role": "SimpleUsers", "password": PASSWORD,
            "mailbox": {"full_address": address, "use_domain_quota": True}})["pk"]
    rest.post("/api/v1/aliases/", {"address": "info@example.test", "recipients": ["bob@example.test"]})
    rest.post("/api/v1/aliases/", {"address": "old@example.test", "recipients": ["bob@example.test"],
                                   "expire_at": "2020-01-01T00:00:00Z"})
    rest.patch(f"/api/v1/accounts/{ids['tim']}/", {"is_active": False})
    return domain["pk"], ids


def arrives(servers, to, user):
    key = mail.send(servers.smtp, to)
    mail.wait_for_mail(servers.imap, user, PASSWORD, [key])


def refused(servers, to, code=550):
    equal(mail.rcpt_code(servers.smtp, to)[0], code, f"RCPT TO {to}")


def deliveries(checks, servers):
    with checks("mail for a mailbox, in two spellings, and with an extension"):
        arrives(servers, "bob@example.test", "bob@example.test")
        arrives(servers, "BOB@Example.Test", "bob@example.test")
        arrives(servers, "bob+lists@example.test", "bob@example.test")
    with checks("mail for an alias and for an address in an alias domain"):
        arrives(servers, "info@example.test", "bob@example.test")
        arrives(servers, "ann@alias.test", "ann@example.test")
    with checks("an unknown address, an expired alias, an unknown domain and a disabled account are refused"):
        refused(servers, "nobody@example.test")
        refused(servers, "old@example.test")
        refused(servers, "x@elsewhere.example", 554)
        refused(servers, "tim@example.test")
        holds(not mail.can_log_in(servers.imap, "tim@example.test", PASSWORD), "a disabled account logged in")


def catch_all(checks, rest, servers):
    with checks("a catch-all takes what nobody has, and nothing else"):
        rest.post("/api/v1/aliases/", {"address": "@example.test", "recipients": ["ann@example.test"]})
        arrives(servers, "anything@example.test", "ann@example.test")
        key = mail.send(servers.smtp, "bob@example.test")
        mail.wait_for_mail(servers.imap, "bob@example.test", PASSWORD, [key])
        with mail.Imap(servers.imap, "ann@example.test", PASSWORD) as imap:
            holds(key not in imap.subjects(), "the catch-all got mail for bob")


def quota(checks, rest, servers):
    with checks("Dovecot counts usage through admin_quota, and refuses what is over quota"):
        def counted():
            found = [entry for entry in rest.get("/api/v1/quotas/") if entry["address"] == "ann@example.test"]
            return found and found[0]["messages"] > 0
        eventually("usage of ann", 60, counted)
        key = mail.send(servers.smtp, "ann@example.test", body="x" * 70 * 43000 + "\n")
        later = mail.send(servers.smtp, "ann@example.test")
        subjects = mail.wait_for_mail(servers.imap, "ann@example.test", PASSWORD, [later])
        holds(key not in subjects, "a message over quota was stored")


def senders(checks, servers):
    with checks("who logs in may send as himself and as his alias only"):
        login = ("bob@example.test", PASSWORD)
        mail.send(servers.submission, "bob@example.test", sender="bob@example.test", login=login)
        mail.send(servers.submission, "bob@example.test", sender="info@example.test", login=login)
        try:
            mail.send(servers.submission, "bob@example.test", sender="ann@example.test", login=login)
        except smtplib.SMTPRecipientsRefused as error:
            equal(error.recipients["bob@example.test"][0], 553, "the wrong sender")
        else:
            raise AssertionError("bob sent as ann")


def rename(checks, rest, servers, stack, account):
    with checks("a mailbox that is being moved answers 450 by both configurations"):
        stack.kill("mailbox-agent", signal.SIGSTOP)
        try:
            rest.patch(f"/api/v1/accounts/{account}/", {
                "username": "robert@example.test", "mailbox": {"full_address": "robert@example.test"}})
            refused(servers, "robert@example.test", 450)
            equal(mail.rcpt_code(stack["ROOST_SMTP"], "robert@example.test")[0], 450, "the stack's own Postfix")
        finally:
            stack.kill("mailbox-agent", signal.SIGCONT)
    with checks("afterwards all mail is there under the new address"):
        def moved():
            return mail.rcpt_code(servers.smtp, "robert@example.test")[0] == 250
        eventually("the address takes mail again", 60, moved)
        key = mail.send(servers.smtp, "info@example.test")
        subjects = mail.wait_for_mail(servers.imap, "robert@example.test", PASSWORD, [key])
        holds(len(subjects) >= 5, f"only {len(subjects)} messages are there")
        try:
            with mail.Imap(stack["ROOST_IMAP"], "robert@example.test", PASSWORD) as imap:
                equal(sorted(imap.subjects()), sorted(subjects), "what the stack's own Dovecot shows")
        except imaplib.IMAP4.error as error:
            raise AssertionError(f"the stack's own Dovecot: {error}") from error


def main(arguments, usage):
    if arguments not in ([], ["--keep"]):
        print(usage.strip())
        return 0 if arguments == ["--help"] else 2
    checks = Checks("mail contract")
    with ContractStack("--mail", "--mail-home-layout", "address", keep="--keep" in arguments) as stack:
        rest = administrator(stack)
        _, ids = seed(rest)
        with Servers(stack) as servers:
            deliveries(checks, servers)
            senders(checks, servers)
            catch_all(checks, rest, servers)
            quota(checks, rest, servers)
            rename(checks, rest, servers, stack, ids["bob"])
    return checks.finish()
