"""Reading the stream of events as a consumer would."""

import json

import redis

from roost_test.wait import eventually

STREAM = "roost:events"
NOTHING = "nothing"
# How long a Redis that is being restarted is waited for.
REDIS_S = 60


class Event:
    def __init__(self, entry_id, content):
        self.entry_id = entry_id
        self.content = content
        self.id = content["id"]
        self.kind = content["type"].removeprefix("roost.").removesuffix(".v1")
        self.subject = content["subject"]
        self.actor = content.get("roostactor")
        self.request_id = content.get("roostrequestid")
        data = content.get("data") or {}
        self.before = data.get("before")
        self.after = data.get("after")

    def __repr__(self):
        return f"<{self.kind} {self.subject} by {self.actor}>"


class Events:
    def __init__(self, url):
        self.client = redis.Redis.from_url(url, decode_responses=True)
        self.position = "0-0"
        self.seen = []

    def mark(self):
        """From here on: since() gives what comes after this."""
        self.read()
        return len(self.seen)

    def read(self):
        """Everything so far, each event once however often it was delivered, in order of first delivery."""
        known = {event.id for event in self.seen}
        while True:
            answer = eventually("Redis answers", REDIS_S, self._next)
            if answer == NOTHING:
                return self.seen
            for entry_id, fields in answer[0][1]:
                self.position = entry_id
                event = Event(entry_id, json.loads(fields["event"]))
                if event.id not in known:
                    known.add(event.id)
                    self.seen.append(event)

    def _next(self):
        try:
            return self.client.xread({STREAM: self.position}, count=1000) or NOTHING
        except redis.exceptions.RedisError as error:
            raise AssertionError(error) from error

    def since(self, mark):
        return self.read()[mark:]

    def of(self, subject):
        return [event for event in self.read() if event.subject == subject]

    def wait_for(self, kind, seconds=60, mark=0, **wanted):
        """The first event of this kind after the mark whose attributes are as wanted."""
        def find():
            for event in self.since(mark):
                if event.kind == kind and all(getattr(event, name) == value for name, value in wanted.items()):
                    return event
            return None
        return eventually(f"event {kind} {wanted}", seconds, find)
