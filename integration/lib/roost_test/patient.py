"""A REST client that does not give up when a server dies under it: the same request again, with the same key."""

import http.client
import time
import uuid

from roost_test.rest import Rest

# What a caller may meet while a process is being restarted.
TRY_AGAIN = (408, 429, 502, 503, 504)
WRITES = ("POST", "PUT", "PATCH", "DELETE")
PASSING_REASONS = ("REQUEST_IN_PROGRESS", "SERIALIZATION_FAILED", "OPERATION_PENDING", "RENAME_IN_PROGRESS")


def is_passing(response):
    """Whether the same request may get another answer soon."""
    if response.status != 409:
        return response.status in TRY_AGAIN
    try:
        return response.json.get("reason") in PASSING_REASONS
    except ValueError:
        return False


class PatientRest(Rest):
    def __init__(self, url, token=None, patience_s=30):
        super().__init__(url, token)
        self.patience_s = patience_s
        self.retries = 0

    def request(self, method, path, body=None, headers=None):
        headers = {"Accept": "application/problem+json, application/json"} | (headers or {})
        if method in WRITES:
            headers.setdefault("Idempotency-Key", uuid.uuid4().hex)
        deadline = time.monotonic() + self.patience_s
        while True:
            failure = None
            try:
                response = super().request(method, path, body, headers)
                if not is_passing(response):
                    return response
            except (OSError, http.client.HTTPException) as error:
                self.close()
                failure = error
            if time.monotonic() > deadline:
                if failure is not None:
                    raise failure
                return response
            self.retries += 1
            time.sleep(0.1)
