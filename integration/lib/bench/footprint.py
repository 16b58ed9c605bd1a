"""Memory of the idle processes, and the time from start to ready."""

import os
import re
import select
import signal
import subprocess
import tempfile
import time

from bench.report import median
from roost_test.stack import free_port

PROCESSES = ("accounts", "domains", "mailboxes", "quotas", "dnschecks", "gateway", "mailbox-agent")
STARTED = ("accounts", "domains", "mailboxes", "quotas", "dnschecks")
PRIVATE_TARGET_MB, RESIDENT_TARGET_MB, READY_TARGET_MS = 3, 120, 50
READY_TIMEOUT_S = 20


def memory_mb(pid):
    """Private dirty, proportional and resident megabytes."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as source:
        kilobytes = dict(re.findall(r"^(\w+):\s+(\d+) kB$", source.read(), re.M))
    return [int(kilobytes[name]) / 1024 for name in ("Private_Dirty", "Pss", "Rss")]


def run_memory(target, report):
    pids = target.pids()
    missing = [name for name in PROCESSES if name not in pids]
    if missing:
        raise RuntimeError(f"not running: {', '.join(missing)}")
    measured = {name: memory_mb(pids[name]) for name in PROCESSES}
    for name, (private, proportional, resident) in measured.items():
        target_mb = ("most", 1.0) if name in STARTED else None
        report.row(f"memory {name}", private, PRIVATE_TARGET_MB, private / PRIVATE_TARGET_MB, target_mb,
                   f"proportional {proportional:.1f}, resident {resident:.1f}")
    resident = sum(value[2] for value in measured.values())
    proportional = sum(value[1] for value in measured.values())
    report.row("memory all, resident", resident, RESIDENT_TARGET_MB, resident / RESIDENT_TARGET_MB, ("most", 1.0),
               f"libraries counted once: {proportional:.1f}")


def _environment(pid):
    with open(f"/proc/{pid}/environ", "rb") as source:
        return dict(entry.split("=", 1) for entry in source.read().decode().split("\0") if "=" in entry)


def _owner(pid):
    found = os.stat(f"/proc/{pid}")
    return found.st_uid, found.st_gid


def start_ms(program, environment, user):
    """Milliseconds from exec until the process says that it is ready; it is ended again."""
    options = {"user": user[0], "group": user[1], "extra_groups": []} if os.geteuid() == 0 else {}
    started = time.monotonic()
    child = subprocess.Popen([program], env=environment, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, **options)
    try:
        said = b""
        while b"service.ready" not in said:
            left = started + READY_TIMEOUT_S - time.monotonic()
            ready, _, _ = select.select([child.stdout], [], [], max(0, left))
            data = os.read(child.stdout.fileno(), 65536) if ready else b""
            if not data:
                raise RuntimeError(f"{program} did not get ready: {said.decode(errors='replace')[-1000:]}")
            said += data
        return (time.monotonic() - started) * 1000
    finally:
        child.send_signal(signal.SIGTERM)
        child.stdout.close()
        child.wait()


def run_start(target, name, options, report):
    """A second copy beside the running one, on addresses of its own."""
    pid = target.pids()[name]
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        times = []
        for _ in range(options.rounds):
            environment = _environment(pid) | {"ROOST_LISTEN": f"unix:{folder}/{name}.sock",
                                               "ROOST_METRICS_LISTEN": f"127.0.0.1:{free_port()}"}
            times.append(start_ms(os.path.join(target["ROOST_BIN"], name), environment, _owner(pid)))
    found = median(times)
    report.row(f"start {name}", found, READY_TARGET_MS, found / READY_TARGET_MS, ("most", 1.0), rounds=times)


def run(target, options, report):
    if options.wants("memory"):
        report.section("Megabytes of the idle processes: private dirty", "measured", "limit", "ratio")
        options.attempt(report, "memory", lambda: run_memory(target, report))
    wanted = [name for name in STARTED if options.wants(f"start {name}")]
    if wanted:
        report.section("Milliseconds from start to ready", "measured", "limit", "ratio")
        for name in wanted:
            options.attempt(report, f"start {name}", lambda name=name: run_start(target, name, options, report))
