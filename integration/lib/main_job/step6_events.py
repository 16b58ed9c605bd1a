"""6. Every change of the story is in the stream: in order per object, with who did it, before and after."""

from roost_test.checks import equal, holds
from roost_test.wait import eventually


def run(story):
    check = story.check
    with check("6.1 every change of the story is an event, in order per object"):
        eventually("all events", story.within(10), lambda: all_there(story))
    with check("6.2 each says who did it"):
        for kind, event in of_story(story):
            holds(event.actor, f"{kind} of {event.subject} has no actor")
        admin = story.rest.get("/api/v1/account/me/")
        first = story.events.of(f"domain/{story.pk('domain')}")[0]
        holds(str(admin["pk"]) in str(first.actor) or admin["username"] in str(first.actor),
              f"{first} is not by {admin['username']}")
    with check("6.3 a creation has no before, a deletion no after, a change has both"):
        for kind, event in of_story(story):
            before_and_after(kind, event)
    with check("6.4 a change shows what it changed"):
        renamed = story.events.wait_for("AccountModified", subject=f"account/{story.pk('bob')}")
        equal((renamed.before["username"], renamed.after["username"]), ("bob@example.test", "robert@example.test"))
        disabled = [event for event in story.events.of(f"account/{story.pk('bob')}")
                    if event.kind == "AccountModified" and event.after["is_active"] is False]
        equal([event.before["is_active"] for event in disabled], [True])
    with check("6.5 no event holds a password or a hash"):
        for event in story.events.read():
            text = str(event.content)
            holds(story.password not in text and "$y$" not in text and "ARGON2" not in text.upper(),
                  f"{event} holds a secret")
    with check("6.6 events are CloudEvents 1.0"):
        for event in story.events.read():
            equal(event.content["specversion"], "1.0")
            holds(event.content["source"].startswith("/roost/"), f"source is {event.content['source']}")
            equal(event.content["datacontenttype"], "application/json")
    with check("6.7 a subject comes from one source, so its order is a promise"):
        sources = {}
        for event in story.events.read():
            source = event.content["source"]
            equal(sources.setdefault(event.subject, source), source, f"the source of {event.subject}")


def of_story(story):
    wanted = set(story.written)
    return [(event.kind, event) for event in story.events.read() if (event.kind, event.subject) in wanted]


def all_there(story):
    for subject in sorted({subject for _, subject in story.written}):
        wanted = [kind for kind, of in story.written if of == subject]
        seen = [event.kind for event in story.events.of(subject)]
        rest = iter(seen)
        holds(all(kind in rest for kind in wanted), f"{subject}: expected {wanted} in this order, got {seen}")
    return True


def before_and_after(kind, event):
    if kind.endswith("Created"):
        holds(event.before is None and event.after, f"{event}: before {event.before}, after {event.after}")
    elif kind.endswith("Deleted"):
        holds(event.before and event.after is None, f"{event}: before {event.before}, after {event.after}")
    elif kind.endswith("Modified"):
        holds(event.before and event.after and event.before != event.after,
              f"{event}: before {event.before}, after {event.after}")
