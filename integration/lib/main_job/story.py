"""The story's frame: the stack, the clients, the order of the steps."""

import argparse
import random
import threading
import time

from main_job import (step1_create, step2_mail, step3_rename, step4_disable_delete, step5_dns, step6_events,
                      step7_kills)
from roost_test.checks import Checks
from roost_test.dns import NameServer
from roost_test.events import Events
from roost_test.patient import PatientRest
from roost_test.rest import new_token
from roost_test.rpc import Messages
from roost_test.stack import Stack
from roost_test.wait import eventually

STEPS = {"1": step1_create, "2": step2_mail, "3": step3_rename, "4": step4_disable_delete, "5": step5_dns,
         "6": step6_events, "7": step7_kills}
PASSWORD = "Correct-horse-7"
# Killed at random points; each comes back within a second or two.
VICTIMS = ("postgres", "redis", "accounts", "domains", "quotas", "mailboxes", "dnschecks", "gateway", "mailbox-agent",
           "dovecot", "postfix")
SLACK_WITH_KILLS_S = 30
# What a loaded machine may add to them.
SLACK_S = 20


class Story:
    def __init__(self, stack, name_server, checks, with_kills):
        self.stack = stack
        self.name_server = name_server
        self.check = checks
        self.with_kills = with_kills
        # What a kill in the wrong moment may add to any of the story's limits.
        self.slack_s = SLACK_S + (SLACK_WITH_KILLS_S if with_kills else 0)
        self.messages = Messages()
        self.token = self.new_token(stack["ROOST_ADMIN"], stack["ROOST_ADMIN_PASSWORD"])
        self.rest = PatientRest(stack["ROOST_URL"], self.token)
        self.events = Events(stack["ROOST_REDIS_URL"])
        self.password = PASSWORD
        self.objects = {}
        self.mails = []
        self.written = []

    def new_token(self, username, password):
        def attempt():
            try:
                return new_token(self.stack["ROOST_URL"], username, password, "main job")
            except OSError as error:
                raise AssertionError(error) from error
        return eventually(f"a token for {username}", self.within(10), attempt)

    def within(self, seconds):
        return seconds + self.slack_s

    def remember(self, name, answer):
        """An object of the story by a name of ours."""
        self.objects[name] = answer
        return answer

    def pk(self, name):
        return self.objects[name]["pk"]

    def wrote(self, kind, subject):
        """A change that step 6 will look for among the events."""
        self.written.append((kind, subject))

    @property
    def layout(self):
        options = self.stack.options
        return options[options.index("--mail-home-layout") + 1]


class Killer:
    """Kills one process after another, at random points, while the story goes on."""

    def __init__(self, stack, seed):
        self.stack = stack
        self.random = random.Random(seed)
        self.running = True
        self.kills = []
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.running = False
        self.thread.join(90)

    def _run(self):
        while self.running:
            time.sleep(self.random.uniform(0.5, 4))
            victim = self.random.choice(VICTIMS)
            try:
                pid = self.stack.kill(victim)
                self.stack.wait_restarted(victim, pid, 60)
                self.kills.append(victim)
            except (KeyError, ProcessLookupError):
                continue


def tell(layout, only, seed, keep):
    """One telling of the story; returns its checks."""
    title = f"main job, layout {layout}" + (f", kills {seed}" if seed is not None else "")
    print(f"== {title}", flush=True)
    checks = Checks(title)
    with NameServer(step5_dns.ZONES) as name_server:
        options = ["--mail", "--mail-home-layout", layout, "--resolver", name_server.address,
                   "--expected-mx", step5_dns.EXPECTED_MX]
        with Stack(*options, keep=keep) as stack:
            story = Story(stack, name_server, checks, seed is not None)
            steps = [module for number, module in STEPS.items() if not only or number in only]
            if seed is None:
                for module in steps:
                    module.run(story)
            else:
                tell_with_kills(story, [module for module in steps if module is not step7_kills], seed)
            if checks.failed:
                stack.show_logs()
    return checks


def tell_with_kills(story, steps, seed):
    with Killer(story.stack, seed) as killer:
        for module in steps:
            module.run(story)
    story.check.note(f"{len(killer.kills)} kills: {' '.join(killer.kills)}")
    with story.check("fsck is clean within 60 s after the last kill"):
        story.stack.fsck_is_clean(60)


def main(arguments, usage):
    parser = argparse.ArgumentParser(usage=usage, add_help=True, allow_abbrev=False)
    parser.add_argument("--layout", choices=("id", "address"))
    parser.add_argument("--random-kills", type=int)
    parser.add_argument("--only")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args(arguments)
    total = Checks("main job")
    for layout in [options.layout] if options.layout else ["id", "address"]:
        only = options.only.split(",") if options.only else None
        checks = tell(layout, only, options.random_kills, options.keep)
        total.passed += checks.passed
        total.failed += [f"layout {layout}: {name}" for name in checks.failed]
    return total.finish()
