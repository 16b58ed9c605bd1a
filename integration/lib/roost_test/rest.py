"""A small REST client over http.client, one connection, for one thread."""

import http.client
import json
import time

LOGIN_TRIES = 10


class Response:
    def __init__(self, status, headers, data):
        self.status = status
        self.headers = headers
        self.data = data

    @property
    def json(self):
        return json.loads(self.data) if self.data else None

    def __repr__(self):
        return f"<{self.status} {self.data[:400]!r}>"


class RestError(AssertionError):
    def __init__(self, method, path, response):
        super().__init__(f"{method} {path} answered {response.status}: {response.data[:500]!r}")
        self.response = response


class Rest:
    def __init__(self, url, token=None, timeout=30):
        self.host, _, port = url.removeprefix("http://").rstrip("/").rpartition(":")
        self.port = int(port)
        self.timeout = timeout
        self.headers = {}
        self.connection = None
        if token:
            self.use_token(token)

    def use_token(self, token):
        self.headers = {"Authorization": f"Token {token}"}

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def request(self, method, path, body=None, headers=None):
        """Any status. A body that is not bytes is sent as JSON. Connection errors are raised as they are; a connection
        that the server had closed while idle is opened once more."""
        sent = dict(self.headers) | (headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        is_reused = self.connection is not None
        try:
            return self._exchange(method, path, body, sent)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            self.close()
            if not is_reused:
                raise
            return self._exchange(method, path, body, sent)
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def _exchange(self, method, path, body, headers):
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        response = Response(answer.status, answer.headers, answer.read())
        if answer.will_close:
            self.close()
        return response

    def expect(self, status, method, path, body=None, headers=None):
        """The JSON of an answer with this status; anything else is a failure."""
        response = self.request(method, path, body, headers)
        if response.status != status:
            raise RestError(method, path, response)
        return response.json

    def get(self, path):
        return self.expect(200, "GET", path)

    def post(self, path, body):
        return self.expect(201, "POST", path, body)

    def patch(self, path, body):
        return self.expect(200, "PATCH", path, body)

    def delete(self, path):
        return self.expect(204, "DELETE", path)


def login(url, username, password):
    """A client with the session's cookie and CSRF token; and the answer. Waits where others' wrong passwords from this
    address have throttled logins."""
    client = Rest(url)
    for _ in range(LOGIN_TRIES):
        response = client.request("POST", "/api/v1/auth/login/", {"username": username, "password": password})
        if response.status != 429:
            break
        time.sleep(min(10, int(response.headers.get("Retry-After", "1"))))
    if response.status != 200:
        raise RestError("POST", "/api/v1/auth/login/", response)
    cookies = [cookie.split(";", 1)[0] for cookie in response.headers.get_all("Set-Cookie") or []]
    client.headers = {"Cookie": "; ".join(cookies), "X-CSRF-Token": response.json["csrf_token"]}
    return client, response


def new_token(url, username, password, name="test"):
    session, _ = login(url, username, password)
    try:
        return session.post("/api/v1/account/api_token/", {"name": name})["token"]
    finally:
        session.close()


def administrator(stack):
    """A client with a fresh token of the stack's administrator."""
    return Rest(stack["ROOST_URL"], new_token(stack["ROOST_URL"], stack["ROOST_ADMIN"],
                                              stack["ROOST_ADMIN_PASSWORD"]))
