"""The programs of Roost in a stack: what each one is given, in which order they come up."""

import http.client
import os
import subprocess

from roost_local.progress import StackError, wait_until
from roost_local.stack import MAIL_USER, SERVICE_USER, SERVICES

PATH = "/usr/local/bin:/usr/bin:/bin"
PORT_NAMES = tuple(SERVICES) + tuple(f"{name}.metrics" for name in SERVICES + ("gateway", "mailbox-agent"))


def _identity_file(stack, user):
    return stack.secret_file(f"identity.{user.pw_name}", stack.secret("identity", 64), user)


def peers(stack):
    return {"ROOST_" + name.upper(): "unix:" + stack.socket(name) for name in SERVICES}


def _common(stack, name, user_name):
    user = stack.user(user_name)
    return {
        "PATH": PATH,
        "LANG": "C.UTF-8",
        "ROOST_IDENTITY_KEY_FILE": _identity_file(stack, user),
        "ROOST_METRICS_LISTEN": f"127.0.0.1:{stack.port(name + '.metrics')}",
    }


def service_env(stack, name):
    user = stack.user(SERVICE_USER)
    env = _common(stack, name, SERVICE_USER) | peers(stack)
    env |= {
        "ROOST_LISTEN": f"unix:{stack.socket(name)},127.0.0.1:{stack.port(name)}",
        "ROOST_DATABASE_URL_FILE": stack.secret_file(f"{name}.database-url", stack.database_url("roost_" + name), user),
        "ROOST_REDIS_URL_FILE": stack.secret_file("redis-url", stack.redis_url(), user),
    }
    if name == "mailboxes":
        env["ROOST_MAIL_HOME_LAYOUT"] = stack.state["layout"]
    if name == "dnschecks" and stack.state.get("resolver"):
        env["ROOST_DNS_RESOLVERS"] = stack.state["resolver"]
    if name == "dnschecks" and stack.state.get("expected_mx"):
        env["ROOST_DNS_EXPECTED_MX"] = stack.state["expected_mx"]
    return env


def _gateway_env(stack):
    user = stack.user(SERVICE_USER)
    env = _common(stack, "gateway", SERVICE_USER) | peers(stack) | {
        "ROOST_LISTEN": stack.state["listen"],
        "ROOST_REDIS_URL_FILE": stack.secret_file("redis-url", stack.redis_url(), user),
    }
    if stack.state["ui"]:
        # The gateway reads its files at the start only: the digest makes it start anew where they have changed.
        env |= {"ROOST_UI_DIR": stack.ui_dir, "ROOST_UI_BUILD": stack.state["ui"][:12]}
    return env


def _agent_env(stack):
    env = _common(stack, "mailbox-agent", MAIL_USER) | {
        "ROOST_MAILBOXES": f"127.0.0.1:{stack.port('mailboxes')}",
        "ROOST_MAIL_HOME": stack.mail_home,
        # The same after a restart: what it had taken on before, it goes on with at once.
        "ROOST_AGENT_NAME": "local",
    }
    if stack.state["mail"]:
        env["ROOST_DOVEADM"] = f"doveadm -c {stack.path('dovecot', 'dovecot.conf')}"
    return env


def _spec(stack, name, env, user_name, stage, ports):
    digest = stack.state["digests"][name]
    return {
        "name": name,
        "argv": [os.path.join(stack.bin_dir, name)],
        # The digest makes a rebuilt program a changed process, so it is started anew.
        "env": env | {"ROOST_BUILD": digest[:12]},
        "user": stack.user(user_name).pw_name if stack.is_root else None,
        "log": stack.path("log", name + ".log"),
        "stage": stage,
        "stop_signal": "SIGTERM",
        "ports": ports,
    }


def processes(stack):
    specs = [_spec(stack, name, service_env(stack, name), SERVICE_USER, 1,
                   [stack.port(name), stack.port(name + ".metrics")]) for name in SERVICES]
    listen_port = int(stack.state["listen"].rsplit(":", 1)[1])
    specs.append(_spec(stack, "mailbox-agent", _agent_env(stack), MAIL_USER, 3, [stack.port("mailbox-agent.metrics")]))
    specs.append(_spec(stack, "gateway", _gateway_env(stack), SERVICE_USER, 3,
                       [listen_port, stack.port("gateway.metrics")]))
    return specs


# Migrations and the first administrator

def run_program(stack, argv, env, user_name=SERVICE_USER):
    """Runs a program of ours to its end as the service user; its output is the error's text if it fails."""
    command = [os.path.join(stack.bin_dir, argv[0])] + argv[1:]
    if stack.is_root:
        user = stack.user(user_name)
        command = ["/usr/bin/setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--init-groups",
                   "--"] + command
    done = subprocess.run(command, env=env, cwd="/", text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=300, check=False)
    if done.returncode != 0:
        raise StackError(f"{' '.join(argv)} failed with {done.returncode}:\n{done.stdout}")
    return done.stdout


def migrate(stack):
    owner_url = stack.secret_file("owner.database-url", stack.database_url("roost_owner"), stack.user(SERVICE_USER))
    env = {"PATH": PATH, "LANG": "C.UTF-8", "ROOST_DATABASE_URL_FILE": owner_url}
    try:
        for name in SERVICES:
            run_program(stack, [name, "migrate"], service_env(stack, name) | env)
        run_program(stack, ["roostctl", "mail", "migrate"], env)
    finally:
        # The services must not be able to read it.
        os.unlink(owner_url)


def bootstrap(stack):
    """The first administrator; does nothing where there is one already."""
    user = stack.user(SERVICE_USER)
    password = stack.secret_file("admin-password", stack.secret("admin", 16), user)
    env = service_env(stack, "accounts") | {
        "ROOST_ADMIN": stack.state["admin"],
        "ROOST_ADMIN_PASSWORD_FILE": password,
    }
    try:
        run_program(stack, ["accounts", "bootstrap"], env)
    finally:
        os.unlink(password)


# Health

def ready(stack):
    host, port = stack.url().removeprefix("http://").rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def wait_ready(stack, check_processes):
    def probe():
        check_processes()
        return ready(stack)
    wait_until("the gateway and all services", 120, probe)

