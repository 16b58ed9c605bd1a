"""Sample data through the REST API: two domains, a few people, aliases. What exists already is left alone."""

import http.client
import json

from roost_local.progress import StackError, step

DOMAINS = (
    {"name": "example.test", "quota": "10G", "default_mailbox_quota": "500M"},
    {"name": "shop.test", "quota": "2G", "default_mailbox_quota": "100M"},
)
PEOPLE = (
    ("alice@example.test", "Alice", "Martin"),
    ("bob@example.test", "Bob", "Durand"),
    ("carol@example.test", "Carol", "Moreau"),
    ("orders@shop.test", "Order", "Desk"),
    ("dave@shop.test", "Dave", "Petit"),
)
ALIASES = (
    ("info@example.test", ["alice@example.test", "bob@example.test"]),
    ("sales@shop.test", ["orders@shop.test", "partner@elsewhere.test"]),
    ("@shop.test", ["dave@shop.test"]),
)
CREATED = 201
EXISTS = (400, 409)


class Session:
    """The administrator's web session."""

    def __init__(self, stack):
        self.host, self.port = stack.url().removeprefix("http://").rsplit(":", 1)
        self.headers = {"Content-Type": "application/json"}
        credentials = {"username": stack.state["admin"], "password": stack.secret("admin", 16)}
        status, body, cookies = self.call("POST", "/api/v1/auth/login/", credentials)
        if status != 200:
            raise StackError(f"--demo: the administrator cannot log in with the first password: {status}")
        self.headers["Cookie"] = "; ".join(cookie.split(";", 1)[0] for cookie in cookies)
        self.headers["X-CSRF-Token"] = body["csrf_token"]

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.host, int(self.port), timeout=30)
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, self.headers)
            response = connection.getresponse()
            data = response.read()
            return response.status, json.loads(data) if data else None, response.headers.get_all("Set-Cookie") or []
        finally:
            connection.close()

    def create(self, path, body):
        """True if made, False if it was there already."""
        status, answer, _ = self.call("POST", path, body)
        if status == CREATED:
            return True
        if status in EXISTS:
            return False
        raise StackError(f"--demo: {path} answered {status}: {answer}")


def fill(stack):
    session = Session(stack)
    made = [session.create("/api/v1/domains/", domain) for domain in DOMAINS]
    password = stack.secret("demo", 16)
    for address, first_name, last_name in PEOPLE:
        made.append(session.create("/api/v1/accounts/", {
            "username": address, "role": "SimpleUsers", "first_name": first_name, "last_name": last_name,
            "password": password, "mailbox": {"full_address": address, "use_domain_quota": True}}))
    for address, recipients in ALIASES:
        made.append(session.create("/api/v1/aliases/", {"address": address, "recipients": recipients}))
    made.append(session.create("/api/v1/domainaliases/", {"name": "example.alias.test", "target": _pk(session)}))
    step(f"sample data: {sum(made)} made, {len(made) - sum(made)} there already; "
         f"the people's password is {password}")


def _pk(session):
    _, domains, _ = session.call("GET", "/api/v1/domains/?search=" + DOMAINS[0]["name"])
    return domains[0]["pk"]
