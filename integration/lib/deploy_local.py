"""Tests of deploy/local."""

import argparse
import os
import signal
import socket
import stat
import subprocess
import tempfile

from roost_test.checks import Checks, equal, holds
from roost_test.rest import Rest, administrator
from roost_test.stack import REPOSITORY, Stack, free_port
from roost_test.wait import eventually, timed

PROCESSES = {"postgres", "redis", "accounts", "domains", "quotas", "mailboxes", "dnschecks", "gateway",
             "mailbox-agent"}
ENV_NAMES = {"ROOST_URL", "ROOST_GRPC_ACCOUNTS", "ROOST_GRPC_DOMAINS", "ROOST_GRPC_MAILBOXES", "ROOST_GRPC_QUOTAS",
             "ROOST_GRPC_DNSCHECKS", "ROOST_DATABASE_URL", "ROOST_MAIL_DATABASE_URL", "ROOST_REDIS_URL", "ROOST_ADMIN",
             "ROOST_ADMIN_PASSWORD", "ROOST_BIN", "ROOST_PIDS"}
SECOND_RUN_S = 60
# Beyond what the start of a process takes on a loaded machine.
RESTART_S = 15


def tool(name, *arguments):
    return subprocess.run([os.path.join(REPOSITORY, "deploy/local", name), *arguments], text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600,
                          check=False)


def main(arguments, usage):
    parser = argparse.ArgumentParser(usage=usage, allow_abbrev=False)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args(arguments)
    checks = Checks("deploy/local")
    refusals(checks)
    with tempfile.NamedTemporaryFile("w", suffix=".password") as password:
        password.write("First-password-1\n")
        password.flush()
        with Stack("--admin-password-file", password.name, keep=options.keep) as stack:
            first_run(checks, stack)
            second_run(checks, stack)
            deaths(checks, stack)
            side_by_side(checks, stack)
            down_and_up(checks, stack)
            demo(checks, stack)
    purge(checks)
    return checks.finish()


def refusals(check):
    with check("--help of each tool, without doing anything"):
        for name in ("up", "down", "status"):
            done = tool(name, "--help")
            equal(done.returncode, 0)
            holds(done.stdout.startswith("usage: deploy/local/" + name), done.stdout)
    with check("an unknown option is refused"):
        equal(tool("up", "--no-such-option").returncode, 2)
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        with check("a listen address that is taken is refused with its name"):
            with socket.socket() as taken:
                taken.bind(("127.0.0.1", 0))
                taken.listen()
                where = f"127.0.0.1:{taken.getsockname()[1]}"
                done = tool("up", "--data", folder + "/d", "--listen", where, "--no-build")
            equal(done.returncode, 1)
            holds(where in done.stdout, done.stdout)
        with check("a resolver that is no address is refused"):
            equal(tool("up", "--data", folder + "/d", "--resolver", "nonsense", "--no-build").returncode, 1)
        with check("status and down of what is not there"):
            equal(tool("status", "--data", folder + "/none").returncode, 3)
            equal(tool("down", "--data", folder + "/none").returncode, 0)
        with check("--purge removes no directory that is not a stack's"):
            os.mkdir(folder + "/precious")
            equal(tool("down", "--purge", "--data", folder + "/precious").returncode, 1)
            holds(os.path.isdir(folder + "/precious"), "it is gone")


def first_run(check, stack):
    with check("roost.env has mode 0600 and all names"):
        path = os.path.join(stack.data, "roost.env")
        equal(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        equal(ENV_NAMES - set(stack.env), set())
    with check("ROOST_PIDS names every process, and none runs as root"):
        pids = dict(pair.split("=") for pair in stack["ROOST_PIDS"].split())
        equal(set(pids), PROCESSES)
        for name, pid in pids.items():
            holds(os.geteuid() != 0 or os.stat(f"/proc/{pid}").st_uid != 0, f"{name} runs as root")
    with check("the administrator's first password is the one of --admin-password-file"):
        equal(stack["ROOST_ADMIN_PASSWORD"], "First-password-1")
        administrator(stack)
    with check("status: everything runs"):
        done = tool("status", "--data", stack.data)
        equal(done.returncode, 0, done.stdout)
        for name in PROCESSES:
            holds(name in done.stdout, f"{name} is not in {done.stdout}")
    with check("nothing of the stack listens on other addresses than loopback"):
        equal(foreign_listeners(stack), [])
    with check("secrets are readable by their users only"):
        for folder, _, names in os.walk(os.path.join(stack.data, "secrets")):
            for name in names:
                mode = stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode)
                equal(mode & 0o077, 0, name)
    with check("logs are readable by their owner only"):
        closed(stack, "log")


def closed(stack, folder):
    """The folder and all that is in it, of which there is something."""
    path = os.path.join(stack.data, folder)
    equal(stat.S_IMODE(os.stat(path).st_mode), 0o700, path)
    names = os.listdir(path)
    holds(names, f"{path} is empty")
    for name in names:
        equal(stat.S_IMODE(os.stat(os.path.join(path, name)).st_mode), 0o600, name)


def foreign_listeners(stack):
    """Listening TCP sockets of our processes that are bound to more than 127.0.0.1, as such or mapped into IPv6."""
    inodes = set()
    for pid in stack.pids().values():
        for descriptor in os.listdir(f"/proc/{pid}/fd"):
            try:
                target = os.readlink(f"/proc/{pid}/fd/{descriptor}")
            except OSError:
                continue
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table, encoding="ascii") as source:
            for line in list(source)[1:]:
                fields = line.split()
                if fields[3] == "0A" and fields[9] in inodes and not fields[1].partition(":")[0].endswith("0100007F"):
                    found.append(fields[1])
    return found


def second_run(check, stack):
    with check(f"up again: already running, within {SECOND_RUN_S} s, the same processes"):
        before = stack.pids()
        text, seconds = timed(stack.up)
        holds("already running" in text, text)
        holds(seconds < SECOND_RUN_S, f"it took {seconds:.1f} s")
        equal(stack.pids(), before)
    with check("another layout of mail homes is refused for a stack that exists"):
        done = tool("up", "--data", stack.data, "--mail-home-layout", "address", "--no-build")
        equal(done.returncode, 1)
        holds("layout" in done.stdout, done.stdout)


def deaths(check, stack):
    for name in sorted(PROCESSES):
        with check(f"kill -9 {name}: it runs again within {RESTART_S} s, roost.env has its new pid"):
            pid = stack.kill(name)
            stack.wait_restarted(name, pid, RESTART_S)
            eventually("the new pid", RESTART_S, lambda name=name: f"{name}={stack.pids().get(name)}" in
                       stack.reload_env()["ROOST_PIDS"].split())
    with check("after all these deaths the gateway is ready within 60 s"):
        eventually("readiness", 60, lambda: is_ready(stack))
    with check("kill -9 of the supervisor: up puts everything right"):
        supervisor = int(tool("status", "--data", stack.data).stdout.rpartition("supervisor pid ")[2].split(";")[0])
        os.kill(supervisor, signal.SIGKILL)
        eventually("status says stopped", 60, lambda: tool("status", "--data", stack.data).returncode == 3)
        stack.up()
        equal(tool("status", "--data", stack.data).returncode, 0)


def is_ready(stack):
    try:
        return Rest(stack["ROOST_URL"]).request("GET", "/readyz").status == 200
    except OSError:
        return False


def side_by_side(check, stack):
    with check("a second stack beside the first: nothing is shared"):
        with Stack() as other:
            administrator(other).post("/api/v1/domains/", {"name": "second.test"})
            equal(administrator(stack).get("/api/v1/domains/?search=second.test"), [])
            equal(set(stack.pids().values()) & set(other.pids().values()), set())


def down_and_up(check, stack):
    with check("down stops every process; up brings back data, addresses and the administrator"):
        administrator(stack).post("/api/v1/domains/", {"name": "kept.test"})
        before = dict(stack.env)
        pids = stack.pids()
        stack.down()
        for name, pid in pids.items():
            holds(not os.path.exists(f"/proc/{pid}"), f"{name} still runs")
        equal(tool("status", "--data", stack.data).returncode, 3)
        stack.up()
        for name in ENV_NAMES - {"ROOST_PIDS"}:
            equal(stack[name], before[name], name)
        equal([domain["name"] for domain in administrator(stack).get("/api/v1/domains/?search=kept.test")],
              ["kept.test"])


def demo(check, stack):
    with check("--demo makes sample data, once"):
        done = tool("up", "--data", stack.data, "--no-build", "--demo")
        equal(done.returncode, 0, done.stdout)
        count = len(administrator(stack).get("/api/v1/accounts/"))
        holds(count > 3, f"{count} accounts")
        again = tool("up", "--data", stack.data, "--no-build", "--demo")
        equal(again.returncode, 0, again.stdout)
        equal(len(administrator(stack).get("/api/v1/accounts/")), count)


def purge(check):
    with check("down --purge leaves nothing"):
        with Stack("--listen", f"127.0.0.1:{free_port()}") as stack:
            equal(tool("down", "--purge", "--data", stack.data).returncode, 0)
            holds(not os.path.exists(stack.data), "the data directory is still there")
