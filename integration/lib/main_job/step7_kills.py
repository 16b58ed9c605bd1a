"""7. Each process is killed in turn in the middle of creates, renames and deletes; nothing answered is lost."""

from roost_test import mail
from roost_test.checks import equal, holds
from roost_test.wait import eventually
from roost_test.workload import PASSWORD, Worker

VICTIMS = ("accounts", "domains", "mailboxes", "quotas", "dnschecks", "gateway", "mailbox-agent", "postgres", "redis")
MAIL_VICTIMS = ("dovecot", "postfix")
RESTART_S = 60
CLEAN_S = 60
PROGRESS = 5
# A request that a kill cut in two is answered once its first half has been undone, 15 s later; that may happen twice.
GO_ON_S = 120


def run(story):
    check = story.check
    domain = story.rest.post("/api/v1/domains/", {"name": "kills.test"})
    story.objects["kills"] = domain
    workers = [Worker(story.stack["ROOST_URL"], story.token, "kills.test", seed, is_patient)
               for seed, is_patient in ((1, True), (2, True), (3, False))]
    for worker in workers:
        worker.start()
    for victim in VICTIMS:
        with check(f"7.1 kill -9 {victim} in the middle of writes: it comes back and the writes go on"):
            kill_one(story, victim, workers)
    for victim in MAIL_VICTIMS:
        with check(f"7.2 kill -9 {victim}: mail goes on"):
            kill_mail(story, victim)
    for worker in workers:
        worker.stop()
    with check("7.3 roostctl fsck is clean within 60 s"):
        story.check.note(f"clean after {story.stack.fsck_is_clean(CLEAN_S):.1f} s; {summary(workers)}")
    with check("7.4 every answered write is there, no unanswered one by half"):
        for worker in workers:
            equal(worker.broken_promises(story.rest), [])
    with check("7.5 every answered create and delete is an event"):
        eventually("the events", CLEAN_S, lambda: events_there(story, workers))
    with check("7.6 mail reaches an account that lived through it"):
        survivor_gets_mail(story, workers)


def summary(workers):
    answered = {kind: sum(worker.answered[kind] for worker in workers) for kind in workers[0].answered}
    return f"answered {answered}, without an answer {sum(worker.unanswered for worker in workers)}"


def kill_one(story, victim, workers):
    eventually("writes are under way", 30, lambda: all(worker.total() > 0 for worker in workers[:2]))
    pid = story.stack.kill(victim)
    story.stack.wait_restarted(victim, pid, RESTART_S)
    before = [worker.total() for worker in workers]
    eventually(f"the writes go on after {victim}", GO_ON_S, lambda: all(
        worker.total() >= count + PROGRESS for worker, count in zip(workers, before)))


def kill_mail(story, victim):
    pid = story.stack.kill(victim)
    story.stack.wait_restarted(victim, pid, RESTART_S)
    address = story.objects["dora"]["username"]
    key = mail.send_patiently(story.stack["ROOST_SMTP"], address)
    mail.wait_for_mail(story.stack["ROOST_IMAP"], address, story.password, [key], CLEAN_S)


def events_there(story, workers):
    seen = {(event.kind, event.subject) for event in story.events.read()}
    for worker in workers:
        for account in worker.accounts:
            subject = f"account/{account.pk}"
            holds(("AccountCreated", subject) in seen, f"no AccountCreated for {subject}")
            if account.names == [None]:
                holds(("AccountDeleted", subject) in seen, f"no AccountDeleted for {subject}")
    return True


def survivor_gets_mail(story, workers):
    for worker in workers:
        for account in worker.accounts:
            if len(account.names) == 1 and account.names[0]:
                key = mail.send_patiently(story.stack["ROOST_SMTP"], account.names[0])
                mail.wait_for_mail(story.stack["ROOST_IMAP"], account.names[0], PASSWORD, [key], CLEAN_S)
                return
    raise AssertionError("no account is left")
