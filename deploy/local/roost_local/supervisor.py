"""The supervisor: starts the processes it is told to run, starts one again that ended, and stops them in order.

One thread, one loop. Orders come as one JSON line each over a unix socket that only the owner can open:
  {"op": "status"}                          -> {"processes": [...]}
  {"op": "apply", "processes": [SPEC...]}   these are to run and no others; changed ones are started anew
  {"op": "env", "lines": {NAME: VALUE}}     the content of roost.env; ROOST_PIDS is added and kept up to date
  {"op": "restart", "name": NAME}
  {"op": "stop"}                            stops all and ends

SPEC: name, argv, env, user (passwd name or null), log, stage (higher ones are stopped first), stop_signal, ports; and
perhaps
  "umask": for what writes files that others must not read;
  "reload": {process, signal, when}: once the process was started again and the command `when` succeeds, that other process
            gets the signal;
  "home": a folder: what works there is a part of the process, in a session of its own, and ends with it.
"""

import json
import os
import pwd
import selectors
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time

FIRST_PAUSE_S = 0.1
MAX_PAUSE_S = 5.0
SETTLED_S = 5.0
STOP_TIMEOUT_S = 15.0
LOG_CHECK_S = 30.0
LOG_MAX_BYTES = 64 * 1024 * 1024
RELOAD_PAUSE_S = 0.2
RELOAD_PROBE_S = 5
MAX_ORDER_BYTES = 1024 * 1024


def write_atomically(path, text, mode):
    part = path + ".part"
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(fd, "w", encoding="utf-8") as out:
        os.fchmod(out.fileno(), mode)
        out.write(text)
    os.replace(part, path)


def open_log(path):
    """To append to; only its owner reads it, also where it was made by something that let others."""
    log = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600), "ab")
    os.fchmod(log.fileno(), 0o600)
    return log


def start_time(pid):
    """Tells a process from a later one with the same pid; None when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as source:
            return int(source.read().rpartition(")")[2].split()[19])
    except OSError:
        return None


def kill_all_in(folder):
    """Every process whose working directory is this folder."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/cwd") == folder:
                os.kill(int(pid), signal.SIGKILL)
        except OSError:
            continue


class Process:
    def __init__(self, spec):
        self.spec = spec
        self.name = spec["name"]
        self.popen = None
        self.started = 0.0
        self.started_at = 0.0
        self.starts = 0
        self.pause = FIRST_PAUSE_S
        self.due = 0.0
        self.last_exit = None

    def start(self):
        """The kernel stops the process should the supervisor die; those that change their user themselves lose that
        and are found by started.json."""
        signal_name = self.spec["stop_signal"]
        argv = ["/usr/bin/setpriv", "--pdeathsig", signal_name.removeprefix("SIG")]
        if self.spec["user"]:
            user = pwd.getpwnam(self.spec["user"])
            argv += [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--init-groups"]
        argv += ["--"] + self.spec["argv"]
        with open_log(self.spec["log"]) as log:
            self.popen = subprocess.Popen(argv, env=self.spec["env"], cwd="/", stdin=subprocess.DEVNULL, stdout=log,
                                          stderr=log, start_new_session=True, umask=self.spec.get("umask", -1))
        self.started = time.monotonic()
        self.started_at = time.time()
        self.starts += 1

    def has_ended(self):
        return self.popen is not None and self.popen.poll() is not None

    def after_end(self):
        """Clears what the dead process left of its group and plans the next start."""
        self.kill_group()
        self.last_exit = self.popen.returncode
        ran = time.monotonic() - self.started
        self.pause = FIRST_PAUSE_S if ran >= SETTLED_S else min(self.pause * 2, MAX_PAUSE_S)
        self.due = time.monotonic() + self.pause
        self.popen = None

    def signal(self, number):
        try:
            os.kill(self.popen.pid, number)
        except ProcessLookupError:
            pass

    def kill_group(self):
        try:
            os.killpg(self.popen.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        if "home" in self.spec:
            kill_all_in(self.spec["home"])

    def describe(self):
        running = self.popen is not None
        return {
            "name": self.name,
            "pid": self.popen.pid if running else None,
            "uptime_s": round(time.monotonic() - self.started, 1) if running else 0,
            "starts": self.starts,
            "last_exit": self.last_exit,
            "user": self.spec["user"],
            "log": self.spec["log"],
            "ports": self.spec.get("ports", []),
        }


class Supervisor:
    def __init__(self, data, socket_path):
        self.data = data
        self.processes = {}
        self.env_lines = {}
        self.written = None
        self.stopping = False
        self.next_log_check = 0.0
        self.reloads = []
        self.selector = selectors.DefaultSelector()
        self.socket_path = socket_path
        self.listener = self._listen()
        self.wake = self._watch_signals()

    def _listen(self):
        if os.path.exists(self.socket_path):
            os.unlink(self.socket_path)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(self.socket_path)
        os.chmod(self.socket_path, 0o600)
        listener.listen(16)
        self.selector.register(listener, selectors.EVENT_READ, self._accept)
        return listener

    def _watch_signals(self):
        reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self._on_terminate)
        signal.signal(signal.SIGINT, self._on_terminate)
        self.selector.register(reader, selectors.EVENT_READ, self._drain)
        return reader

    def _on_terminate(self, *_):
        self.stopping = True

    def _drain(self, fd):
        try:
            while os.read(fd, 4096):
                pass
        except BlockingIOError:
            pass

    # Orders

    def _accept(self, listener):
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(5)
            try:
                order = json.loads(connection.makefile("r", encoding="utf-8").readline(MAX_ORDER_BYTES))
                connection.settimeout(120)
                answer = self._obey(order)
                connection.sendall((json.dumps(answer) + "\n").encode())
            except (OSError, ValueError, KeyError) as error:
                print(f"order failed: {error!r}", flush=True)

    def _obey(self, order):
        operation = order["op"]
        if operation == "status":
            return {"supervisor": os.getpid(), "processes": [p.describe() for p in self.processes.values()]}
        if operation == "apply":
            self._apply(order["processes"])
        elif operation == "env":
            self.env_lines = order["lines"]
            self.written = None
        elif operation == "restart":
            process = self.processes[order["name"]]
            self._stop([process])
            process.start()
        elif operation == "stop":
            self.stopping = True
            self._stop_all()
        else:
            return {"error": f"unknown order {operation}"}
        self._publish_pids()
        return {"ok": True}

    def _apply(self, specs):
        wanted = {spec["name"]: spec for spec in specs}
        gone = [p for name, p in self.processes.items() if wanted.get(name) != p.spec]
        self._stop_in_order(gone)
        for process in gone:
            del self.processes[process.name]
        for name, spec in wanted.items():
            if name not in self.processes:
                self.processes[name] = Process(spec)
                self._try_start(self.processes[name])

    # Starting and stopping

    def _try_start(self, process):
        try:
            process.start()
        except (OSError, KeyError) as error:
            print(f"{process.name}: cannot start: {error}", flush=True)
            process.pause = min(process.pause * 2, MAX_PAUSE_S)
            process.due = time.monotonic() + process.pause

    def _look_after(self):
        for process in self.processes.values():
            if process.has_ended():
                print(f"{process.name}: pid {process.popen.pid} ended with {process.popen.returncode}", flush=True)
                process.after_end()
            if process.popen is None and process.due <= time.monotonic():
                self._try_start(process)
                reload = process.spec.get("reload")
                if reload and reload not in self.reloads:
                    self.reloads.append(reload)

    def _reload_others(self):
        for reload in list(self.reloads):
            other = self.processes.get(reload["process"])
            if other is None or other.popen is None:
                self.reloads.remove(reload)
            elif subprocess.run(reload["when"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, timeout=RELOAD_PROBE_S, check=False).returncode == 0:
                other.signal(getattr(signal, reload["signal"]))
                self.reloads.remove(reload)

    def _stop(self, processes):
        running = [p for p in processes if p.popen is not None]
        for process in running:
            process.signal(getattr(signal, process.spec["stop_signal"]))
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while any(not p.has_ended() for p in running) and time.monotonic() < deadline:
            self.selector.select(0.02)
            self._drain(self.wake)
        for process in running:
            if not process.has_ended():
                print(f"{process.name}: did not stop within {STOP_TIMEOUT_S:.0f} s, killed", flush=True)
                process.signal(signal.SIGKILL)
                process.popen.wait()
            process.kill_group()
            process.popen = None
            process.due = float("inf")

    def _stop_in_order(self, processes):
        for stage in sorted({p.spec["stage"] for p in processes}, reverse=True):
            self._stop([p for p in processes if p.spec["stage"] == stage])

    def _stop_all(self):
        self._stop_in_order(list(self.processes.values()))
        self.processes = {}

    # What others read

    def _publish_pids(self):
        pids = {name: p.popen.pid for name, p in self.processes.items() if p.popen is not None}
        if pids == self.written:
            return
        started = [[pid, start_time(pid)] for pid in pids.values()]
        write_atomically(os.path.join(os.path.dirname(self.socket_path), "started.json"), json.dumps(started), 0o600)
        pairs = [f"{name}={pid}" for name, pid in pids.items()]
        write_atomically(os.path.join(self.data, "pids"), "".join(pair + "\n" for pair in pairs), 0o644)
        if self.env_lines:
            lines = [f"{name}={shlex.quote(value)}\n" for name, value in self.env_lines.items()]
            lines.append(f"ROOST_PIDS={shlex.quote(' '.join(pairs))}\n")
            write_atomically(os.path.join(self.data, "roost.env"), "".join(lines), 0o600)
        self.written = pids

    def _trim_logs(self):
        """Appending writers keep their file: the content moves to LOG.1 and the file starts again."""
        if time.monotonic() < self.next_log_check:
            return
        self.next_log_check = time.monotonic() + LOG_CHECK_S
        for path in {p.spec["log"] for p in self.processes.values()}:
            if os.path.exists(path) and os.path.getsize(path) > LOG_MAX_BYTES:
                shutil.copy(path, path + ".1")
                os.truncate(path, 0)

    def run(self):
        while not self.stopping:
            self._look_after()
            try:
                self._reload_others()
                self._publish_pids()
                self._trim_logs()
            except (OSError, subprocess.TimeoutExpired) as error:
                # A full disk must not take the stack down.
                print(f"cannot look after: {error}", flush=True)
            waits = [p.due - time.monotonic() for p in self.processes.values() if p.popen is None]
            timeout = max(0.0, min(waits + [RELOAD_PAUSE_S if self.reloads else LOG_CHECK_S]))
            for key, _ in self.selector.select(timeout):
                if key.data is not None and not self.stopping:
                    key.data(key.fileobj)
        self._stop_all()
        self._publish_pids()
        self.listener.close()
        if os.path.exists(self.socket_path):
            os.unlink(self.socket_path)


def main(data):
    with open(os.path.join(data, "state.json"), encoding="utf-8") as source:
        run_dir = json.load(source)["run_dir"]
    os.umask(0o022)
    print(f"supervisor started, pid {os.getpid()}", flush=True)
    try:
        Supervisor(data, os.path.join(run_dir, "ctl", "supervisor.sock")).run()
    finally:
        print("supervisor ended", flush=True)
    sys.exit(0)
