"""The frame: a stack, one account of each kind, the groups of checks."""

import argparse
import glob
import os
import uuid

from api import access, accounts, credentials, documented, grpc_client, http_edges, identities, overview
from roost_test.checks import Checks
from roost_test.events import Events
from roost_test.rest import administrator, new_token
from roost_test.rpc import Messages
from roost_test.stack import REPOSITORY, Stack, read_env
from roost_test.transcript import Runner

SCENARIOS = os.path.join(REPOSITORY, "integration", "scenarios")
PASSWORD = "Correct-horse-7"


class Api:
    """env as of roost.env; tokens of an administrator and of ordinary users in a domain of this run. The stack, if it is
    the test's own: then its processes may be killed."""

    def __init__(self, env, checks, stack=None):
        self.env = env
        self.stack = stack
        self.check = checks
        self.rest = administrator(env)
        self.messages = Messages()
        self.events = Events(env["ROOST_REDIS_URL"])
        self.domain = f"api-{uuid.uuid4().hex[:8]}.test"
        self.domain_pk = self.rest.post("/api/v1/domains/", {"name": self.domain})["pk"]
        self.password = PASSWORD
        self.users = [self._user(name) for name in ("user", "other")]
        self.tokens = {"admin": self.rest.headers["Authorization"].split()[1],
                       "user": self.users[0]["token"], "other": self.users[1]["token"]}

    def _user(self, name):
        username = f"{name}@{self.domain}"
        account = self.rest.post("/api/v1/accounts/", {"username": username, "role": "SimpleUsers",
                                                       "password": PASSWORD})
        return account | {"token": new_token(self.env["ROOST_URL"], username, PASSWORD)}


def transcripts(api, files=()):
    runner = Runner(api.env["ROOST_URL"], api.tokens, api.events)
    found = files or sorted(glob.glob(os.path.join(SCENARIOS, "**", "*.http"), recursive=True))
    for path in found:
        runner.run_file(path, api.check, os.path.relpath(path, SCENARIOS) if not files else path)


GROUPS = {"transcripts": transcripts, "grpc": grpc_client.run, "access": access.run, "credentials": credentials.run,
          "http": http_edges.run, "accounts": accounts.run, "identities": identities.run, "overview": overview.run,
          "documented": documented.run}


def run_groups(env, options, checks, stack=None):
    api = Api(env, checks, stack)
    if options.files:
        transcripts(api, options.files)
        return
    for name, function in GROUPS.items():
        if options.only in (None, name):
            function(api)


def main(arguments, usage):
    parser = argparse.ArgumentParser(usage=usage, allow_abbrev=False)
    parser.add_argument("--env")
    parser.add_argument("--only", choices=GROUPS)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("files", nargs="*")
    options = parser.parse_args(arguments)
    checks = Checks("api")
    if options.env:
        run_groups(read_env(options.env), options, checks)
        return checks.finish()
    with Stack(keep=options.keep) as stack:
        run_groups(stack.env, options, checks, stack)
        if checks.failed:
            stack.show_logs()
    return checks.finish()
