"""A REST client that does not give up when a server dies under it: the same request again, with the same key."""

import http.client
import time
import uuid

from roost_test.rest import Rest

# What a caller may meet while a process is being restarted. 409 is "this request is still in progress".
TRY_AGAIN = (408, 409, 429, 500, 502, 503, 504)
WRITES = ("POST", "PUT", "PATCH", "DELETE")


def is_in_progress(response):
    return response.status == 409 and b"in progress" in response.data.lower()


class PatientRest(Rest):
    def __init__(self, url, token=None, patience_s=30):
        super().__init__(url, token)
        self.patience_s = patience_s
        self.retries = 0

    def request(self, method, path, body=None, headers=None):
        headers = dict(headers or {})
        if method in WRITES:
            headers.setdefault("Idempotency-Key", uuid.uuid4().hex)
        deadline = time.monotonic() + self.patience_s
        while True:
            failure = None
            try:
                response = super().request(method, path, body, headers)
                if response.status not in TRY_AGAIN or (response.status == 409 and not is_in_progress(response)):
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
