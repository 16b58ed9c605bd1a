"""Talking to the supervisor of a stack."""

import json
import os
import signal
import socket
import subprocess
import sys

from roost_local.progress import StackError, wait_until
from roost_local.supervisor import open_log, start_time


def ask(stack, order, timeout_s=120):
    """None when no supervisor answers."""
    if "run_dir" not in stack.state:
        return None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout_s)
        try:
            connection.connect(stack.control_socket)
            connection.sendall((json.dumps(order) + "\n").encode())
            line = connection.makefile("r", encoding="utf-8").readline()
        except (FileNotFoundError, ConnectionError):
            return None
    if not line:
        raise StackError(f"the supervisor could not follow an order: see {stack.path('log', 'supervisor.log')}")
    answer = json.loads(line)
    if "error" in answer:
        raise StackError(answer["error"])
    return answer


def status(stack):
    return ask(stack, {"op": "status"}, timeout_s=30)


def clear_leftovers(stack):
    """Ends what a supervisor that was killed has left running."""
    path = os.path.join(os.path.dirname(stack.control_socket), "started.json")
    if not os.path.exists(path):
        return
    with open(path, encoding="utf-8") as source:
        started = json.load(source)
    for pid, since in started:
        if since is not None and start_time(pid) == since:
            os.killpg(pid, signal.SIGKILL)
            wait_until(f"the end of process {pid}", 60, lambda pid=pid: not is_alive(pid))
    os.unlink(path)


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as source:
            return source.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def start(stack):
    if status(stack) is not None:
        return
    program = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "supervisor")
    with open_log(stack.path("log", "supervisor.log")) as log:
        subprocess.Popen([sys.executable, program, stack.data], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                         start_new_session=True, cwd="/")
    wait_until("the supervisor", 60, lambda: status(stack) is not None)


def apply(stack, processes):
    if ask(stack, {"op": "apply", "processes": processes}) is None:
        raise StackError(f"the supervisor has ended: see {stack.path('log', 'supervisor.log')}")


def publish(stack, lines):
    ask(stack, {"op": "env", "lines": lines})


def stop(stack):
    return ask(stack, {"op": "stop"}) is not None
