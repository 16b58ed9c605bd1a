"""One measurement each: pgbench, grpc_load and wrk for some seconds. All take random objects from a list."""

import dataclasses
import glob
import json
import os
import re
import statistics
import subprocess
import tempfile

from roost_test.stack import REPOSITORY

PGBENCH = "/usr/lib/postgresql/15/bin/pgbench"
MAX_GRACE_S = 60
MOST_SCRIPTS = 128
LONGEST_S = 5


@dataclasses.dataclass
class Load:
    """What a generator saw: per second, and the time of one in microseconds (pgbench with several clients: mean; else median)."""

    rate: float
    time_us: float
    cpu_us: float = 0.0


def build_grpc_load():
    """Builds the gRPC load generator; returns its path."""
    target = "//integration/lib/grpc_load:grpc_load"
    flags = ["--config=release", "--color=no", "--curses=no"]
    environment = dict(os.environ)
    environment.setdefault("HOME", "/root")
    for arguments in (["build", *flags, target], ["info", "--config=release", "bazel-bin"]):
        done = subprocess.run(["bazel", *arguments], cwd=REPOSITORY, env=environment, text=True, check=False,
                              stdin=subprocess.DEVNULL, capture_output=True)
        if done.returncode != 0:
            raise RuntimeError(f"grpc_load could not be built:\n{done.stderr}")
    return os.path.join(done.stdout.strip(), target[2:].replace(":", "/"))


def _run(command, seconds, env=None):
    done = subprocess.run(command, text=True, stdin=subprocess.DEVNULL, capture_output=True, env=env,
                          timeout=seconds + MAX_GRACE_S, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done


def _pgbench_command(clients, seconds, url, mode):
    return [PGBENCH, "-n", "-M", mode, "-c", str(clients), "-j", "1", "-T", str(max(1, round(seconds))), url]


def _pgbench_env(schema):
    options = "-c jit=off" + (f" -c search_path={schema}" if schema else "")
    return {"PATH": "/usr/bin:/bin", "PGOPTIONS": options, "LANG": "C.UTF-8"}


def _pgbench_rate(done):
    failed = re.search(r"number of failed transactions: (\d+)", done.stdout)
    if failed and int(failed[1]) > 0:
        raise RuntimeError(f"pgbench: {failed[1]} transactions failed: {done.stderr[-2000:]}")
    return float(re.search(r"^tps = ([\d.]+)", done.stdout, re.M)[1])


def pgbench(url, script, clients, seconds, schema=None):
    """A script of pgbench, its statements prepared."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        command = _pgbench_command(clients, seconds, url, "prepared") + ["-f", file.name]
        rate = _pgbench_rate(_run(command, seconds, _pgbench_env(schema)))
    return Load(rate, 1e6 * clients / rate)


def pgbench_unprepared(url, queries, seconds, schema):
    """One client that sends one of the queries after the other, as they are; the time is the median."""
    if len(queries) > MOST_SCRIPTS:
        raise ValueError(f"pgbench takes {MOST_SCRIPTS} scripts")
    with tempfile.TemporaryDirectory() as folder:
        command = _pgbench_command(1, seconds, url, "simple") + ["-l", f"--log-prefix={folder}/log"]
        for number, query in enumerate(queries):
            path = os.path.join(folder, f"{number}.sql")
            with open(path, "w", encoding="utf-8") as out:
                out.write(query.rstrip(";") + ";\n")
            command += ["-f", path]
        rate = _pgbench_rate(_run(command, seconds, _pgbench_env(schema)))
        times = []
        for path in glob.glob(f"{folder}/log.*"):
            with open(path, encoding="ascii") as log:
                times += [int(line.split()[2]) for line in log]
    return Load(rate, statistics.median(times))


class GrpcLoad:
    """grpc_load against one method with a list of packed requests; `process` is whose processor time is told."""

    def __init__(self, program, target, method, token, requests, pid=None):
        self.file = tempfile.NamedTemporaryFile("w", suffix=".hex")
        self.file.write("".join(request.SerializeToString().hex() + "\n" for request in requests))
        self.file.flush()
        self.command = [program, target, method, "--header", f"authorization:Token {token}",
                        "--requests", self.file.name]
        self.pid = pid

    def run(self, clients, seconds, once=False):
        options = ["--concurrency", str(clients), "--seconds", str(seconds), "--warmup", "0" if once else "0.2"]
        before = cpu_seconds(self.pid)
        done = _run(self.command + options + (["--once"] if once else []), seconds)
        used = cpu_seconds(self.pid) - before
        result = json.loads(done.stdout)
        if result["ok"] + result["failed"] == 0 and seconds < LONGEST_S:
            return self.run(clients, LONGEST_S, once)
        if result["failed"] or not result["ok"]:
            raise RuntimeError(f"{self.command[2]}: {result['failed']} calls failed: {done.stderr.strip()}")
        calls = result["ok"] * (1 if once else (seconds + 0.2) / seconds)
        return Load(result["rps"], result["p50_us"], used * 1e6 / calls)


_WRK_SCRIPT = """
local paths = {%s}
math.randomseed(os.time())
local requests = {}
init = function()
    for i, path in ipairs(paths) do requests[i] = wrk.format("GET", path) end
end
request = function() return requests[math.random(#requests)] end
done = function(summary, latency)
    local e = summary.errors
    io.write(string.format("\\nresult %%.0f %%.0f %%.0f %%.0f\\n", summary.requests, summary.duration,
        e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(50)))
end
"""


class WrkLoad:
    def __init__(self, url, token, paths, pid=None):
        self.script = tempfile.NamedTemporaryFile("w", suffix=".lua")
        self.script.write(_WRK_SCRIPT % ", ".join(f'"{path}"' for path in paths))
        self.script.flush()
        self.command = ["wrk", "-t1", "-s", self.script.name, "-H", f"Authorization: Token {token}", url]
        self.pid = pid

    def run(self, clients, seconds):
        before = cpu_seconds(self.pid)
        # wrk takes whole seconds.
        done = _run(self.command[:1] + [f"-c{clients}", f"-d{max(1, round(seconds))}s"] + self.command[1:], seconds)
        used = cpu_seconds(self.pid) - before
        requests, duration_us, failed, median_us = map(int, re.search(r"^result (\d+) (\d+) (\d+) (\d+)$", done.stdout,
                                                                      re.M).groups())
        if failed or not requests:
            raise RuntimeError(f"wrk: {failed} requests failed: {done.stdout[-500:]}")
        return Load(requests * 1e6 / duration_us, median_us, used * 1e6 / requests)


def cpu_seconds(pid):
    if pid is None:
        return 0.0
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as source:
        fields = source.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
