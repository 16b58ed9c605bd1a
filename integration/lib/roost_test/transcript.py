"""Transcripts: text files of requests, the answers that are expected and the events that must follow.

    ### a domain is created                      one case; its name
    > POST /api/v1/domains/                      the request
    > as admin                                   who: admin, user, anonymous, or a name that a case saved a token under
    > Idempotency-Key: {{run}}-1                 a header
    > until 60 s                                 the same again until it has the expected status, at most so long
    {"name": "{{run}}.test"}                     the body; a line starting with | is sent as it is, not as JSON
    < 201                                        the status
    < Location: <any>                            a header
    {"pk": "<save domain>", "name": "{{run}}.test", "...": ""}
    ! DomainCreated domain/{{domain}} after.name={{run}}.test before=null

Cases of a file run in order and share what was saved. {{run}} is unique to the file's run. In an expected body a key
"..." allows further keys; values "<any>", "<int>", "<text>", "<time>", "<save NAME>" and "<~REGEX>" match by kind;
a list whose last element is "..." may be longer. `< body empty` wants no body, no expected body accepts any.
"""

import json
import re
import time
import uuid

from roost_test.rest import Rest
from roost_test.wait import eventually

TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")
VARIABLE = re.compile(r"{{(\w+)}}")
EVENT_S = 60
PAUSE_S = 0.02


class Case:
    def __init__(self, name):
        self.name = name
        self.method = self.path = None
        self.who = "admin"
        self.headers = {}
        self.patience_s = 0
        self.body = []
        self.raw = False
        self.status = None
        self.expected_headers = {}
        self.is_empty = False
        self.expected = []
        self.events = []


def parse(path):
    """The cases of a file, with variables still in them."""
    cases = []
    with open(path, encoding="utf-8") as source:
        for number, line in enumerate(source, 1):
            line = line.rstrip("\n")
            if line.startswith("### "):
                cases.append(Case(line[4:]))
            elif line.startswith("#") or (not cases and not line):
                continue
            elif cases:
                _take_line(cases[-1], line, f"{path}:{number}")
    return cases


def _take_line(case, line, where):
    if line.startswith("> "):
        _take_request_line(case, line[2:], where)
    elif line.startswith("< "):
        _take_answer_line(case, line[2:], where)
    elif line.startswith("! "):
        case.events.append(line[2:].split())
    elif case.status is None:
        case.raw = case.raw or line.startswith("|")
        case.body.append(line[1:] if line.startswith("|") else line)
    else:
        case.expected.append(line)


def _take_request_line(case, line, where):
    if case.method is None:
        case.method, case.path = line.split(" ", 1)
    elif line.startswith("as "):
        case.who = line[3:].strip()
    elif line.startswith("until "):
        case.patience_s = int(line[6:].removesuffix(" s"))
    elif ": " in line:
        name, value = line.split(": ", 1)
        case.headers[name] = value
    else:
        raise ValueError(f"{where}: what is {line!r}?")


def _take_answer_line(case, line, where):
    if case.status is None:
        case.status = int(line)
    elif line == "body empty":
        case.is_empty = True
    elif ": " in line:
        name, value = line.split(": ", 1)
        case.expected_headers[name] = value
    else:
        raise ValueError(f"{where}: what is {line!r}?")


class Runner:
    """clients: who -> token or None. events: an Events of the same stack."""

    def __init__(self, url, tokens, events):
        self.url = url
        self.tokens = tokens
        self.events = events

    def run_file(self, path, checks, label):
        saved = {"run": "r" + uuid.uuid4().hex[:10]}
        mark = self.events.mark()
        for case in parse(path):
            with checks(f"{label}: {case.name}"):
                self._run_case(case, saved, mark)

    def _run_case(self, case, saved, mark):
        def fill(text):
            return VARIABLE.sub(lambda found: str(saved[found.group(1)]), text)
        client = Rest(self.url, self.tokens.get(case.who) or saved.get(case.who))
        if case.who == "anonymous":
            client = Rest(self.url)
        headers = {name: fill(value) for name, value in case.headers.items()}
        body = fill("\n".join(case.body)).strip()
        content = None
        if body:
            content = body.encode()
            headers.setdefault("Content-Type", "application/json")
        deadline = time.monotonic() + case.patience_s
        try:
            while True:
                response = client.request(case.method, fill(case.path), content, headers)
                if response.status == case.status or time.monotonic() >= deadline:
                    break
                time.sleep(PAUSE_S)
        finally:
            client.close()
        if response.status != case.status:
            raise AssertionError(f"expected status {case.status}, got {response!r}")
        for name, value in case.expected_headers.items():
            match(fill(value), response.headers.get(name), name, saved)
        if case.is_empty and response.data:
            raise AssertionError(f"expected no body, got {response!r}")
        expected = fill("\n".join(case.expected)).strip()
        if expected:
            match(json.loads(expected), response.json, "body", saved)
        for words in case.events:
            self._expect_event([fill(word) for word in words], mark)

    def _expect_event(self, words, mark):
        kind, subject, *conditions = words

        def find():
            events = [event for event in self.events.since(mark) if (event.kind, event.subject) == (kind, subject)]
            if not any(all(_holds(event, condition) for condition in conditions) for event in events):
                raise AssertionError(f"no such event among {[event.content for event in events]}")
            return True
        eventually(" ".join(words), EVENT_S, find)


def _holds(event, condition):
    """"after.name=x": a path into before or after, and the value there."""
    path, _, wanted = condition.partition("=")
    value = event
    for step in path.split("."):
        value = getattr(value, step) if value is event else value.get(step)
    return (value if isinstance(value, str) else json.dumps(value)) == wanted


def match(expected, actual, where, saved):
    """Raises AssertionError where they differ; stores what the expectation wants saved."""
    if isinstance(expected, dict):
        _match_object(expected, actual, where, saved)
    elif isinstance(expected, list):
        _match_list(expected, actual, where, saved)
    elif isinstance(expected, str) and expected.startswith("<") and expected.endswith(">"):
        _match_kind(expected[1:-1], actual, where, saved)
    elif expected != actual or isinstance(expected, bool) != isinstance(actual, bool):
        raise AssertionError(f"{where}: expected {expected!r}, got {actual!r}")


def _match_object(expected, actual, where, saved):
    if not isinstance(actual, dict):
        raise AssertionError(f"{where}: expected an object, got {actual!r}")
    for key, value in expected.items():
        if key != "...":
            if key not in actual:
                raise AssertionError(f"{where}: no {key} in {actual!r}")
            match(value, actual[key], f"{where}.{key}", saved)
    unexpected = set(actual) - set(expected)
    if unexpected and "..." not in expected:
        raise AssertionError(f"{where}: unexpected {sorted(unexpected)} in {actual!r}")


def _match_list(expected, actual, where, saved):
    if not isinstance(actual, list):
        raise AssertionError(f"{where}: expected a list, got {actual!r}")
    is_open = bool(expected) and expected[-1] == "..."
    wanted = expected[:-1] if is_open else expected
    if len(actual) < len(wanted) or (len(actual) > len(wanted) and not is_open):
        raise AssertionError(f"{where}: expected {len(wanted)} elements, got {actual!r}")
    for index, value in enumerate(wanted):
        match(value, actual[index], f"{where}[{index}]", saved)


def _match_kind(kind, actual, where, saved):
    is_int = isinstance(actual, int) and not isinstance(actual, bool)
    if kind.startswith("save "):
        saved[kind[5:]] = actual
        good = actual is not None
    elif kind.startswith("~"):
        good = isinstance(actual, str) and re.search(kind[1:], actual) is not None
    elif kind == "any":
        good = actual is not None
    elif kind == "int":
        good = is_int
    elif kind == "text":
        good = isinstance(actual, str) and actual != ""
    elif kind == "time":
        good = isinstance(actual, str) and TIME.match(actual) is not None
    else:
        raise ValueError(f"{where}: what is <{kind}>?")
    if not good:
        raise AssertionError(f"{where}: expected <{kind}>, got {actual!r}")
