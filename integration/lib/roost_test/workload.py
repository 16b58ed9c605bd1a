"""A loop of creates, renames and deletes that remembers what was promised: an answered write must hold, an unanswered one
may or may not have happened, but not by half."""

import http.client
import random
import threading
import uuid

from roost_test.patient import PatientRest
from roost_test.rest import Rest

PASSWORD = "Correct-horse-7"
# Of PASSWORD; a hash is not hashed again, so that the loop is about writes.
PASSWORD_HASH = ("{CRYPT}$6$rounds=1000$saltsaltsalt$laq4feu/wyA9ttj2MHCfSGQTGMWpYmWskOKxo9rxDQrxpyDQjXmIIKBHUiFW3i3P8RuJn"
                 "9ivg2WXzz04nbwi8/")


# A worker that meets so many has shown enough.
MAX_SURPRISES = 20


class Account:
    """One account as the worker knows it. `names` are the user names that it may have now; None: it may be gone."""

    def __init__(self, pk, names):
        self.pk = pk
        self.names = names


class Worker:
    """A patient one sends a request again, with the same key, until it is answered; another gives up and remembers
    that it does not know."""

    def __init__(self, url, token, domain, seed, is_patient=True):
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.rest = PatientRest(url, token, patience_s=40) if is_patient else Rest(url, token, timeout=10)
        self.is_patient = is_patient
        self.domain = domain
        self.random = random.Random(seed)
        self.prefix = f"w{seed}"
        self.number = 0
        self.running = True
        self.accounts = []
        self.answered = {"create": 0, "rename": 0, "delete": 0}
        self.unanswered = 0
        self.unknown_creates = []
        self.surprises = []

    def total(self):
        return sum(self.answered.values())

    def start(self):
        self.thread.start()

    def stop(self, seconds=60):
        self.running = False
        self.thread.join(seconds)
        if self.thread.is_alive():
            raise AssertionError("a worker did not come to its end")

    def _run(self):
        while self.running and len(self.surprises) < MAX_SURPRISES:
            living = [account for account in self.accounts if None not in account.names]
            action = self.random.choice((self._create, self._create, self._rename, self._remove))
            if len(living) < 3:
                action = self._create
            try:
                action(living)
            except Exception as error:  # pylint: disable=broad-except
                self.surprises.append(repr(error))

    def _name(self):
        self.number += 1
        return f"{self.prefix}-{self.number}@{self.domain}"

    def _write(self, method, path, body, good):
        """The answer, or None when nothing is known. What is neither success nor "unavailable" is a surprise."""
        try:
            response = self.rest.request(method, path, body, {"Idempotency-Key": uuid.uuid4().hex})
        except (OSError, http.client.HTTPException):
            self.unanswered += 1
            self.rest.close()
            return None
        if response.status == good:
            return response
        self.unanswered += 1
        if self.is_patient or response.status < 500 and response.status not in (409, 429):
            self.surprises.append(f"{method} {path} {body}: {response}")
        return None

    def _create(self, _living):
        name = self._name()
        body = {"username": name, "role": "SimpleUsers", "password": PASSWORD_HASH}
        response = self._write("POST", "/api/v1/accounts/", body, 201)
        if response is None:
            self.unknown_creates.append(name)
            return
        self.answered["create"] += 1
        self.accounts.append(Account(response.json["pk"], [name]))

    def _rename(self, living):
        account = self.random.choice(living)
        name = self._name()
        response = self._write("PATCH", f"/api/v1/accounts/{account.pk}/", {"username": name}, 200)
        if response is None:
            account.names = account.names + [name]
            return
        self.answered["rename"] += 1
        account.names = [name]

    def _remove(self, living):
        account = self.random.choice(living)
        response = self._write("DELETE", f"/api/v1/accounts/{account.pk}/", None, 204)
        if response is None:
            account.names = account.names + [None]
            return
        self.answered["delete"] += 1
        account.names = [None]

    # Afterwards

    def broken_promises(self, rest):
        """What the API shows that no history of this worker explains."""
        found = list(self.surprises)
        for account in self.accounts:
            response = rest.request("GET", f"/api/v1/accounts/{account.pk}/")
            now = response.json["username"] if response.status == 200 else None
            if response.status not in (200, 404) or now not in account.names:
                found.append(f"account {account.pk}: {response.status} {now}, expected one of {account.names}")
            elif now is not None and response.json["mailbox"]["full_address"] != now:
                found.append(f"account {account.pk}: {now} has mailbox {response.json['mailbox']}")
        return found
