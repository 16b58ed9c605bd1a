"""A running stack as the benchmarks see it: its addresses, a token, random objects, its services' own statements."""

import os
import subprocess

from proto.codegen import sql as codegen_sql
from roost_test.rest import login
from roost_test.rpc import SERVICES, Rpc
from roost_test.stack import REPOSITORY, read_env

TOKEN_NAME = "integration/bench"


class Target:
    def __init__(self, env_path, messages):
        self.env = read_env(env_path)
        self.messages = messages
        self.token, self.token_id = self._make_token()
        self.mailboxes = int(self.sql("SELECT coalesce(sum(mailboxes), 0) FROM mailboxes.counter WHERE domain_id = 0"))

    def __getitem__(self, name):
        return self.env[name]

    def _make_token(self):
        session, _ = login(self["ROOST_URL"], self["ROOST_ADMIN"], self["ROOST_ADMIN_PASSWORD"])
        try:
            made = session.post("/api/v1/account/api_token/", {"name": TOKEN_NAME})
            return made["token"], made["pk"]
        finally:
            session.close()

    def close(self):
        """Takes the token back."""
        with self.rpc("accounts") as accounts:
            accounts.call(method("accounts", "DeleteApiToken"), id=self.token_id)

    # gRPC

    def grpc_address(self, service):
        return self[f"ROOST_GRPC_{service.upper()}"]

    def rpc(self, service):
        return Rpc(self.messages, self.grpc_address(service), self.token)

    def request(self, service, name, **fields):
        """A request message of a public method."""
        descriptor = self.messages.method(method(service, name)).input_type
        return self.messages.type(descriptor)(**fields)

    # Database

    def sql(self, query):
        """Rows as text, columns parted by |."""
        done = subprocess.run(["/usr/bin/psql", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d",
                               self["ROOST_DATABASE_URL"], "-c", query], text=True, capture_output=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"PostgreSQL refused: {done.stderr.strip()}")
        return done.stdout.strip()

    def sample(self, column, source, n):
        """n values of a column at random; the same ones each time."""
        rows = self.sql(f"SELECT v FROM (SELECT {column} AS v FROM {source}) AS s ORDER BY md5(v::text) LIMIT {n}")
        values = rows.splitlines()
        if not values:
            raise RuntimeError(f"{source} is empty: fill the stack with --seed")
        return values

    # Processes

    def pids(self):
        path = os.path.join(os.path.dirname(self["ROOST_BIN"]), "pids")
        with open(path, encoding="ascii") as source:
            return {name: int(pid) for name, pid in (line.strip().split("=") for line in source if line.strip())}


def method(service, name):
    return f"/{SERVICES[service]}/{name}"


def statement(service, name):
    """The text of a named statement of a service with $1, $2 ... and the names of these."""
    path = os.path.join(REPOSITORY, "services", service, "sql", service + ".sql")
    with open(path, encoding="utf-8") as source:
        parsed = codegen_sql.parse(source.read())
    for found in codegen_sql.all_statements(parsed):
        if found.name == name:
            return found
    raise RuntimeError(f"{path} has no statement {name}")


def bound(service, name, **values):
    """The statement for pgbench, with each parameter's value written in its place."""
    found = statement(service, name)
    text = found.sql
    for index in range(len(found.params), 0, -1):
        text = text.replace(f"${index}", values[found.params[index - 1]])
    return text + ";\n"
