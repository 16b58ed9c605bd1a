"""What the browser's tests find in their stack, and what they are told about it."""

import json
import os
import re
import secrets
import subprocess

from bench.seed import PASSWORD, seed
from roost_test.rest import administrator
from roost_test.stack import REPOSITORY

ACCOUNTS = 10_000
EXPECTED_MX = "mx.ours.test"
ZONES = {
    "ours.test": ["mx A 192.0.2.1"],
    "others.test": ["mx A 192.0.2.2"],
    "right.test": ["@ MX 10 mx.ours.test."],
    "wrong.test": ["@ MX 10 mx.others.test."],
    "missing.test": ["www A 192.0.2.3"],
}
# Each is a name that a careless page would run.
SCRIPT = '<img src=x onerror="globalThis.pwned=1">'
OPTIONS = ["--mail-home-layout", "address", "--expected-mx", EXPECTED_MX]


def prepare(stack, resolver_pid):
    """Fills the stack and writes what the tests need to know; returns the path of that file."""
    seed(stack.env, ACCOUNTS)
    rest = administrator(stack)
    domains = {name: rest.post("/api/v1/domains/", {"name": name, "quota": "10G", "default_mailbox_quota": "100M"})["pk"]
               for name in ("right.test", "wrong.test", "missing.test", "flows.test", "hostile.test")}
    for name in ("right.test", "wrong.test", "missing.test"):
        rest.expect(200, "POST", f"/api/v1/domains/{domains[name]}/dns/", {})
    user_password = "Correct-" + secrets.token_hex(8)
    user = rest.post("/api/v1/accounts/", account("user@flows.test", "Usual", "Person", user_password))
    hostile = rest.post("/api/v1/accounts/", account("mallory@hostile.test", SCRIPT, SCRIPT, user_password))
    alias = rest.post("/api/v1/aliases/", {"address": "team@flows.test", "recipients": ["user@flows.test"]})
    rest.post("/api/v1/aliases/", {"address": "trap@hostile.test", "description": SCRIPT,
                                   "recipients": ["mallory@hostile.test"]})
    rest.close()
    world = {
        "url": stack["ROOST_URL"],
        "data": stack.data,
        "supervisor": supervisor_pid(stack),
        "resolver": resolver_pid,
        "admin": {"username": stack["ROOST_ADMIN"], "password": stack["ROOST_ADMIN_PASSWORD"]},
        "user": {"pk": user["pk"], "username": "user@flows.test", "password": user_password},
        "hostile": {"pk": hostile["pk"]},
        "alias": {"pk": alias["pk"]},
        "domains": domains,
        "seeded": {"password": PASSWORD, "accounts": ACCOUNTS},
    }
    path = os.path.join(stack.data, "e2e.json")
    with open(path, "w", encoding="utf-8") as out:
        json.dump(world, out, indent=2)
    return path


def account(username, first_name, last_name, password):
    return {"username": username, "first_name": first_name, "last_name": last_name, "role": "SimpleUsers",
            "password": password}


def supervisor_pid(stack):
    done = subprocess.run([os.path.join(REPOSITORY, "deploy/local/status"), "--data", stack.data], text=True,
                          capture_output=True, check=True)
    return int(re.search(r"supervisor pid (\d+)", done.stdout)[1])
