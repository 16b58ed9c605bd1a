"""deploy/local/up: brings a stack to the state that its options ask for."""

import argparse
import os
import sys

from roost_local import build, demo, mail, postgres, redis, services, supervise, ui
from roost_local.progress import StackError, seconds, step, wait_until, warn
from roost_local.stack import SERVICES, Stack, default_data_dir, port_is_free

DEFAULT_LISTEN = "127.0.0.1:8080"


def parse(arguments):
    parser = argparse.ArgumentParser(prog="deploy/local/up", add_help=False, allow_abbrev=False)
    parser.add_argument("--data", default=default_data_dir())
    parser.add_argument("--listen")
    parser.add_argument("--admin-password-file")
    parser.add_argument("--demo", action="store_true")
    parser.add_argument("--mail", action="store_true")
    parser.add_argument("--mail-home-layout", choices=("id", "address"))
    parser.add_argument("--resolver")
    parser.add_argument("--expected-mx")
    parser.add_argument("--no-ui", action="store_true")
    parser.add_argument("--no-build", action="store_true")
    parser.add_argument("--bin")
    return parser.parse_args(arguments)


def split_address(value, option):
    host, separator, port = value.rpartition(":")
    if not separator or not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise StackError(f"{option}: {value!r} is not ADDR:PORT")
    return host.strip("[]"), int(port)


def choose_listen(stack, wanted, running):
    """The address asked for, or that of the last run, or the first free port from 8080 on."""
    kept = stack.state.get("listen")
    if running and (wanted is None or wanted == kept):
        return kept
    if wanted is not None:
        host, port = split_address(wanted, "--listen")
        if not port_is_free(host, port):
            raise StackError(f"--listen: {wanted} cannot be used: it is taken, or not an address of this machine")
        return wanted
    host, port = split_address(kept or DEFAULT_LISTEN, "--listen")
    for candidate in range(port, port + 200):
        if port_is_free(host, candidate):
            if candidate != port:
                warn(f"port {port} is taken: listening on {candidate}")
            return f"{host}:{candidate}"
    raise StackError(f"no free port from {port} on: choose one with --listen")


def take_options(stack, options, running):
    if options.mail and not stack.is_root:
        raise StackError("--mail needs root: Postfix and Dovecot deliver and read mail as users of their own")
    if options.resolver:
        split_address(options.resolver, "--resolver")
        stack.state["resolver"] = options.resolver
    if options.expected_mx is not None:
        stack.state["expected_mx"] = options.expected_mx
    layout = options.mail_home_layout
    if layout and stack.state.get("bootstrapped") and layout != stack.state["layout"]:
        raise StackError(f"--mail-home-layout: this stack was made with layout {stack.state['layout']}")
    stack.state["layout"] = layout or stack.state["layout"]
    stack.state["mail"] = stack.state["mail"] or options.mail
    stack.state.setdefault("admin", "admin")
    stack.state["listen"] = choose_listen(stack, options.listen, running)


def take_admin_password(stack, path):
    if path is None:
        return
    if stack.state.get("bootstrapped"):
        warn("--admin-password-file is for the first run: the administrator's password stays as it is")
        return
    with open(path, encoding="utf-8") as source:
        password = source.read().rstrip("\n")
    if not 8 <= len(password.encode()) <= 256:
        raise StackError("--admin-password-file: a password has 8 to 256 bytes")
    stack.secrets["admin"] = password
    stack.save_secrets()


def programs(options, stack):
    if options.bin:
        return build.given_paths(os.path.abspath(options.bin))
    if options.no_build:
        return build.given_paths(stack.bin_dir)
    step("building in release mode (the first time takes some minutes)")
    return build.built_paths(build.build())


def ui_directory(options, stack):
    """Where the built web UI is; None: without."""
    if options.no_ui:
        return None
    if options.bin:
        return os.path.join(os.path.abspath(options.bin), "ui")
    return stack.ui_dir if options.no_build else ui.build()


def check_running(stack):
    """Ends the wait early when a process keeps dying, with what it said."""
    for process in supervise.status(stack)["processes"]:
        if process["starts"] >= 8 and process["uptime_s"] < 3:
            with open(process["log"], encoding="utf-8", errors="replace") as log:
                tail = "".join(log.readlines()[-15:])
            raise StackError(f"{process['name']} does not stay up; the end of {process['log']}:\n{tail}")


def environment(stack):
    """The lines of roost.env."""
    lines = {"ROOST_URL": stack.url()}
    for name in SERVICES:
        lines["ROOST_GRPC_" + name.upper()] = f"127.0.0.1:{stack.port(name)}"
    lines |= {
        "ROOST_DATABASE_URL": stack.database_url("roost_owner"),
        "ROOST_MAIL_DATABASE_URL": stack.database_url("roost_mail"),
        "ROOST_REDIS_URL": stack.redis_url(),
        "ROOST_ADMIN": stack.state["admin"],
        "ROOST_ADMIN_PASSWORD": stack.secret("admin", 16),
        "ROOST_BIN": stack.bin_dir,
    }
    if stack.state["mail"]:
        lines |= mail.environment(stack)
    return lines


def start_servers(stack):
    running = supervise.status(stack)
    if running is None:
        names = ("postgres", "redis") + services.PORT_NAMES + (mail.PORT_NAMES if stack.state["mail"] else ())
        stack.choose_ports(names)
        stack.save_state()
        step("starting PostgreSQL and Redis")
        postgres.prepare(stack)
        redis.prepare(stack)
        supervise.start(stack)
        supervise.apply(stack, [postgres.process(stack), redis.process(stack)])
    elif stack.state["mail"]:
        stack.choose_ports([name for name in mail.PORT_NAMES if name not in stack.state["ports"]])
        stack.save_state()
    postgres.wait(stack)
    redis.wait(stack)


def start_everything(stack):
    step("preparing the database")
    postgres.prepare_database(stack)
    services.migrate(stack)
    if not stack.state.get("bootstrapped"):
        services.bootstrap(stack)
        stack.state["bootstrapped"] = True
        stack.save_state()
    processes = [postgres.process(stack), redis.process(stack)] + services.processes(stack)
    if stack.state["mail"]:
        step("preparing Postfix and Dovecot")
        processes += mail.prepare(stack)
    step("starting the services")
    supervise.apply(stack, processes)
    supervise.publish(stack, environment(stack))
    services.wait_ready(stack, lambda: check_running(stack))
    if stack.state["mail"]:
        wait_until("Postfix and Dovecot", 120, lambda: mail.ready(stack))


def is_up(stack, before):
    """Whether all runs already as this run would have it."""
    running = supervise.status(stack)
    return (running is not None and before == stack.state and services.ready(stack)
            and all(process["pid"] for process in running["processes"]))


def report(stack, headline):
    step(headline)
    print(f"""
  URL            {stack.url()}
  administrator  {stack.state['admin']}
  password       {stack.secret('admin', 16)}   (the first one; changed since?)
  environment    {stack.path('roost.env')}   (for scripts: set -a; . {stack.path('roost.env')})
  logs           {stack.path('log')}""")
    if stack.state["mail"]:
        for name, value in mail.environment(stack).items():
            print(f"  {name.removeprefix('ROOST_').lower().replace('_', ' '):14} {value}")
    print(flush=True)


def bring_up(options):
    stack = Stack(options.data)
    stack.make_data_dir()
    lock = stack.lock()
    stack.load_secrets()
    before = stack.snapshot()
    running = supervise.status(stack) is not None
    if not running and "run_dir" in stack.state:
        supervise.clear_leftovers(stack)
    take_options(stack, options, running)
    take_admin_password(stack, options.admin_password_file)
    paths = programs(options, stack)
    stack.ensure_directories()
    stack.state["digests"] = build.install(stack, paths)
    stack.state["ui"] = ui.install(stack, ui_directory(options, stack))
    if is_up(stack, before):
        report(stack, "already running")
    else:
        start_servers(stack)
        start_everything(stack)
        report(stack, f"Roost is up after {seconds():.0f} s")
    if options.demo:
        demo.fill(stack)
    os.close(lock)


def main():
    try:
        bring_up(parse(sys.argv[1:]))
    except StackError as error:
        print(f"deploy/local/up: {error}", file=sys.stderr)
        sys.exit(1)
    except (KeyboardInterrupt, BrokenPipeError):
        sys.exit(130)


if __name__ == "__main__":
    main()
