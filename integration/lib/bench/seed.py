"""Fills a running stack with domains, accounts, mailboxes, aliases and quotas: seed.sql, run by the owner."""

import os
import subprocess
import time

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "seed.sql")
PER_DOMAIN = 50
MAX_MAILBOXES = 10_000_000
PASSWORD = "seeded-password"
# Of that password: hashing it anew a million times would take hours.
PASSWORD_HASH = "{CRYPT}$y$j9T$F5Jx5fExrKuPp53xLKQ..1$GGIjVJlpMdEnX4sCT3LDwvpN3z7SFImwWbaeE4VxrHB"


def seed(env, mailboxes):
    if not 1 <= mailboxes <= MAX_MAILBOXES:
        raise ValueError(f"--seed takes 1 to {MAX_MAILBOXES}")
    domains = -(-mailboxes // PER_DOMAIN)
    started = time.monotonic()
    print(f"seeding {mailboxes} mailboxes in {domains} domains", flush=True)
    command = ["/usr/bin/psql", "-X", "-d", env["ROOST_DATABASE_URL"], "-v", f"mailboxes={mailboxes}",
               "-v", f"domains={domains}", "-v", f"per_domain={PER_DOMAIN}", "-v", f"password_hash={PASSWORD_HASH}",
               "-f", SCRIPT]
    child = subprocess.Popen(command, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    for line in child.stdout:
        print(f"[{time.monotonic() - started:6.1f} s] {line.rstrip()}", flush=True)
    if child.wait() != 0:
        raise RuntimeError("seeding failed; nothing was added")
    print(f"seeded in {time.monotonic() - started:.0f} s; every account's password is {PASSWORD}", flush=True)
