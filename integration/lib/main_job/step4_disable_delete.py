"""4. Disable, enable, delete: refused everywhere soon, and in the end nothing is left."""

import os

from roost_test import mail
from roost_test.checks import equal, holds
from roost_test.patient import PatientRest
from roost_test.wait import eventually

REFUSED_S = 5
CLEANED_S = 30
ADDRESS = "robert@renamed.test"


def run(story):
    check, stack = story.check, story.stack
    account = f"/api/v1/accounts/{story.pk('bob')}/"
    with check("4.1 bob has a token with his own rights"):
        story.objects["token"] = story.new_token(ADDRESS, story.password)
        equal(own(story).status, 200)
        equal(own(story, "/api/v1/domains/").status, 403)
    with check("4.2 a disabled account: IMAP, mail and its token are refused soon, an open IMAP session ends"):
        senders = [mail.open_submission(stack["ROOST_SUBMISSION"], ADDRESS, story.password) for _ in range(2)]
        holds(story.with_kills or answers(senders) == [250, 250], "bob may not send")
        session = mail.open_session(stack["ROOST_IMAP"], ADDRESS, story.password)
        equal(story.rest.patch(account, {"is_active": False})["is_active"], False)
        story.wrote("AccountModified", f"account/{story.pk('bob')}")
        eventually("IMAP refuses", story.within(REFUSED_S),
                   lambda: not mail.can_log_in(stack["ROOST_IMAP"], ADDRESS, story.password))
        eventually("the open session ends", story.within(REFUSED_S), session.has_ended)
        eventually("SMTP refuses", story.within(REFUSED_S), lambda: rcpt(story) >= 500)
        eventually("the token is refused", story.within(REFUSED_S), lambda: own(story).status == 401)
        eventually("connections that were open may not send", story.within(REFUSED_S),
                   lambda: all(code in (521, 0) for code in answers(senders)))
    with check("4.3 enabled again: mail and IMAP work soon, old mail is there"):
        story.rest.patch(account, {"is_active": True})
        story.wrote("AccountModified", f"account/{story.pk('bob')}")
        eventually("SMTP accepts", story.within(REFUSED_S), lambda: rcpt(story) == 250)
        key = mail.send_patiently(stack["ROOST_SMTP"], ADDRESS)
        mail.wait_for_mail(stack["ROOST_IMAP"], ADDRESS, story.password, story.mails + [key], story.within(10))
    with check("4.4 a new password ends an open IMAP session, and the next one has it"):
        session = mail.open_session(stack["ROOST_IMAP"], ADDRESS, story.password)
        set_password(story, account, "Another-horse-8")
        eventually("the open session ends", story.within(REFUSED_S), session.has_ended)
        holds(mail.can_log_in(stack["ROOST_IMAP"], ADDRESS, "Another-horse-8"), "the new password opens nothing")
        set_password(story, account, story.password)
    with check("4.5 a disabled domain: IMAP and mail are refused soon, open IMAP sessions end"):
        disable_domain(story)
    with check("4.6 a deleted account is gone at once for the API, IMAP and mail"):
        delete(story, account)
    with check("4.7 its mail is gone from disk by the agent, its quota row too"):
        nothing_left(story)
    with check("4.8 aliases lost the recipient; one left without any is gone"):
        info = story.rest.get(f"/api/v1/aliases/{story.pk('info')}/")
        equal(info["recipients"], ["friend@elsewhere.example"])
        equal(story.rest.request("GET", f"/api/v1/aliases/{story.pk('catch-all')}/").status, 404)


def answers(senders):
    """Who is logged in as bob wants to send as bob, and as nobody."""
    return [connection.code(sender) for connection, sender in zip(senders, (ADDRESS, ""))]


def disable_domain(story):
    stack, domain, address = story.stack, f"/api/v1/domains/{story.pk('quiet domain')}/", "theodora@quiet.test"
    session = mail.open_session(stack["ROOST_IMAP"], address, story.password)
    set_enabled(story, domain, False)
    eventually("IMAP refuses", story.within(REFUSED_S),
               lambda: not mail.can_log_in(stack["ROOST_IMAP"], address, story.password))
    eventually("the open session ends", story.within(REFUSED_S), session.has_ended)
    eventually("SMTP refuses", story.within(REFUSED_S), lambda: rcpt(story, address) >= 500)
    set_enabled(story, domain, True)
    eventually("SMTP accepts", story.within(REFUSED_S), lambda: rcpt(story, address) == 250)


def set_enabled(story, domain, enabled):
    story.rest.patch(domain, {"enabled": enabled})
    story.wrote("DomainModified", f"domain/{story.pk('quiet domain')}")


def set_password(story, account, password):
    story.rest.patch(account, {"password": password})
    story.wrote("AccountModified", f"account/{story.pk('bob')}")
    story.wrote("PasswordChange", f"account/{story.pk('bob')}")


def own(story, path="/api/v1/account/me/"):
    """What bob's own token is answered."""
    client = PatientRest(story.stack["ROOST_URL"], story.objects["token"])
    try:
        return client.request("GET", path)
    finally:
        client.close()


def rcpt(story, address=ADDRESS):
    try:
        return mail.rcpt_code(story.stack["ROOST_SMTP"], address)[0]
    except OSError as error:
        raise AssertionError(error) from error


def delete(story, path):
    mailbox_pk = story.objects["bob"]["mailbox"]["pk"]
    mailbox = story.rest.get(f"/api/v1/mailboxes/{mailbox_pk}/")
    story.objects["home"] = os.path.join(story.stack["ROOST_MAIL_HOME"], mailbox["home"])
    holds(os.path.isdir(story.objects["home"]), f"no mail directory {story.objects['home']} to begin with")
    story.rest.delete(path)
    story.wrote("AccountDeleted", f"account/{story.pk('bob')}")
    story.wrote("MailboxDeleted", f"mailbox/{mailbox_pk}")
    equal(story.rest.request("GET", path).status, 404)
    holds(not mail.can_log_in(story.stack["ROOST_IMAP"], ADDRESS, story.password), "IMAP lets in")
    eventually("SMTP refuses", story.within(REFUSED_S), lambda: rcpt(story) >= 500)


def nothing_left(story):
    mailbox_pk = story.objects["bob"]["mailbox"]["pk"]
    eventually("the directory is gone", story.within(CLEANED_S), lambda: not os.path.exists(story.objects["home"]))
    eventually("the quota row is gone", story.within(CLEANED_S),
               lambda: story.rest.request("GET", f"/api/v1/quotas/{mailbox_pk}/").status == 404)
    equal(story.rest.get("/api/v1/quotas/?search=robert"), [])
    eventually("the operation is done", story.within(REFUSED_S), lambda: [
        op["state"] for op in story.rest.get("/api/v1/mailboxoperations/")
        if op["type"] == "delete" and op["mailbox"] == mailbox_pk] == ["done"])
