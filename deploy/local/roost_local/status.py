"""deploy/local/status: what runs in a stack."""

import argparse
import re
import sys

from roost_local import services, supervise
from roost_local.progress import StackError
from roost_local.stack import Stack, default_data_dir

STOPPED = 3


def private_kib(pid):
    """Memory that only this process uses; None where the kernel does not tell us."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as source:
            text = source.read()
    except (OSError, ValueError):
        return None
    return sum(int(amount) for amount in re.findall(r"^Private_Dirty:\s+(\d+)", text, re.M))


def resident_kib(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as source:
            found = re.search(r"^VmRSS:\s+(\d+)", source.read(), re.M)
    except OSError:
        return None
    return int(found.group(1)) if found else None


def duration(seconds):
    seconds = int(seconds)
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3600:
        return f"{seconds // 60}m{seconds % 60:02}s"
    return f"{seconds // 3600}h{seconds % 3600 // 60:02}m"


def mebibytes(kib):
    return "-" if kib is None else f"{kib / 1024:.1f}"


def show(processes):
    print(f"{'process':15}{'pid':>8}{'uptime':>9}{'starts':>8}{'resident MiB':>14}{'private MiB':>13}  ports")
    for process in processes:
        pid = process["pid"]
        ports = " ".join(str(port) for port in process["ports"])
        if pid is None:
            print(f"{process['name']:15}{'down':>8}{'':>9}{process['starts']:>8}{'':>27}  {process['log']}")
            continue
        print(f"{process['name']:15}{pid:>8}{duration(process['uptime_s']):>9}{process['starts']:>8}"
              f"{mebibytes(resident_kib(pid)):>14}{mebibytes(private_kib(pid)):>13}  {ports}")


def main():
    parser = argparse.ArgumentParser(prog="deploy/local/status", add_help=False, allow_abbrev=False)
    parser.add_argument("--data", default=default_data_dir())
    options = parser.parse_args()
    try:
        stack = Stack(options.data)
        running = supervise.status(stack) if stack.exists() else None
    except (StackError, OSError) as error:
        print(f"deploy/local/status: {error}", file=sys.stderr)
        sys.exit(1)
    if running is None:
        print(f"stopped: {stack.data}")
        sys.exit(STOPPED)
    show(running["processes"])
    is_ready = services.ready(stack)
    print(f"{stack.url()} is {'ready' if is_ready else 'NOT ready'}; supervisor pid {running['supervisor']}; "
          f"data in {stack.data}")
    sys.exit(0 if is_ready and all(process["pid"] for process in running["processes"]) else 1)


if __name__ == "__main__":
    main()
