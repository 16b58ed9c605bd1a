"""The private PostgreSQL of a stack."""

import os
import subprocess

from roost_local.progress import StackError, wait_until
from roost_local.stack import SERVICES

BINARIES = "/usr/lib/postgresql/15/bin"
ROLES = ("roost_owner", "roost_mail") + tuple("roost_" + name for name in SERVICES)
SQL_DIR = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "sql")
# Five services with their workers, the mail servers, and room for whoever looks in.
MAX_CONNECTIONS = 300


def user(stack):
    return stack.user("postgres")


def cluster_dir(stack):
    return stack.path("postgres")


def socket_dir(stack):
    return os.path.join(stack.run_dir, "postgres")


def prepare(stack):
    """Makes the cluster on the first run; writes the settings on every run."""
    owner = user(stack)
    stack.directory(cluster_dir(stack), 0o700, owner)
    stack.directory(socket_dir(stack), 0o755, owner)
    if not os.path.exists(os.path.join(cluster_dir(stack), "PG_VERSION")):
        _initdb(stack, owner)
    settings = {
        "listen_addresses": "'127.0.0.1'",
        "port": str(stack.port("postgres")),
        "unix_socket_directories": f"'{socket_dir(stack)}'",
        "max_connections": str(MAX_CONNECTIONS),
        "shared_buffers": "'256MB'",
        "max_wal_size": "'2GB'",
        "random_page_cost": "1.1",
        "jit": "off",
        "timezone": "'UTC'",
        "log_timezone": "'UTC'",
        "log_line_prefix": "'%m [%p] %q%u@%d %a '",
        "logging_collector": "off",
        "password_encryption": "'scram-sha-256'",
    }
    text = "# Written by deploy/local/up.\n" + "".join(f"{name} = {value}\n" for name, value in settings.items())
    path = os.path.join(cluster_dir(stack), "roost.conf")
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    if stack.is_root:
        os.chown(path, owner.pw_uid, owner.pw_gid)


def _initdb(stack, owner):
    password = stack.secret_file("postgres.password", stack.secret("db.postgres"), owner)
    command = [f"{BINARIES}/initdb", "-D", cluster_dir(stack), "-U", "postgres", "-A", "scram-sha-256",
               f"--pwfile={password}", "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums", "--no-instructions"]
    if stack.is_root:
        command = ["/usr/bin/setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--init-groups",
                   "--"] + command
    done = subprocess.run(command, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise StackError(f"initdb failed:\n{done.stdout}")
    with open(os.path.join(cluster_dir(stack), "postgresql.conf"), "a", encoding="utf-8") as out:
        out.write("include 'roost.conf'\n")


def process(stack):
    """Postfix's proxymap leaves a server alone for a minute after it has failed once; a reload lets it ask again."""
    owner = user(stack)
    return {
        "name": "postgres",
        "argv": [f"{BINARIES}/postgres", "-D", cluster_dir(stack)],
        "env": {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        "user": owner.pw_name if stack.is_root else None,
        "log": stack.path("log", "postgres.log"),
        "stage": 0,
        "stop_signal": "SIGINT",
        "ports": [stack.port("postgres")],
        # A server does not start while a backend of the one before still holds its memory.
        "home": os.path.realpath(cluster_dir(stack)),
        "reload": {"process": "postfix", "signal": "SIGHUP",
                   "when": ["/usr/bin/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(stack.port("postgres"))]},
    }


def psql(stack, database, sql, check=True):
    """Runs SQL as the superuser; returns the completed process."""
    environment = {"PATH": "/usr/bin:/bin", "PGPASSWORD": stack.secret("db.postgres"), "PGCONNECT_TIMEOUT": "5",
                   "PGOPTIONS": "-c client_min_messages=warning"}
    command = ["/usr/bin/psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1",
               "-p", str(stack.port("postgres")), "-U", "postgres", "-d", database]
    done = subprocess.run(command, input=sql, env=environment, text=True, capture_output=True, check=False)
    if check and done.returncode != 0:
        raise StackError(f"PostgreSQL refused: {done.stderr.strip()}")
    return done


def wait(stack):
    wait_until("PostgreSQL", 120, lambda: psql(stack, "postgres", "SELECT 1;", check=False).returncode == 0)


def prepare_database(stack):
    """Roles, their passwords and the database; changes nothing when all is there."""
    with open(os.path.join(SQL_DIR, "roles.sql"), encoding="utf-8") as source:
        roles = source.read()
    passwords = "".join(f"ALTER ROLE {role} PASSWORD '{stack.secret('db.' + role)}';\n" for role in ROLES)
    psql(stack, "postgres", "BEGIN;\n" + roles + passwords + "COMMIT;\n")
    found = psql(stack, "postgres", "SELECT 1 FROM pg_database WHERE datname = 'roost';").stdout.strip()
    if not found:
        psql(stack, "postgres", "CREATE DATABASE roost OWNER roost_owner;")
    with open(os.path.join(SQL_DIR, "database.sql"), encoding="utf-8") as source:
        psql(stack, "roost", source.read())
