"""deploy/local/down: stops a stack, and with --purge removes it."""

import argparse
import os
import shutil
import sys

from roost_local import supervise
from roost_local.progress import StackError, step, wait_until
from roost_local.stack import Stack, default_data_dir


def take_down(options):
    stack = Stack(options.data)
    if not stack.exists():
        if os.path.exists(stack.data) and options.purge:
            raise StackError(f"{stack.data} is not the data directory of a stack: nothing removed")
        step(f"nothing in {stack.data}")
        return
    lock = stack.lock(wait_s=60)
    running = supervise.status(stack)
    if running is None:
        supervise.clear_leftovers(stack)
        step("not running")
    else:
        step("stopping")
        supervise.stop(stack)
        wait_until("the supervisor's end", 120, lambda: supervise.status(stack) is None)
        step("stopped")
    if options.purge:
        shutil.rmtree(stack.data)
        shutil.rmtree(stack.run_dir, ignore_errors=True)
        step(f"removed {stack.data}")
    os.close(lock)


def main():
    parser = argparse.ArgumentParser(prog="deploy/local/down", add_help=False, allow_abbrev=False)
    parser.add_argument("--data", default=default_data_dir())
    parser.add_argument("--purge", action="store_true")
    try:
        take_down(parser.parse_args())
    except StackError as error:
        print(f"deploy/local/down: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
