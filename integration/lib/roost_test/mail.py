"""Sending by SMTP and reading by IMAP as people's programs do."""

import email
import email.message
import imaplib
import smtplib
import threading
import time
import uuid

from roost_test.wait import eventually

SENDER = "someone@elsewhere.example"
# How long a server that is being restarted may keep its clients trying.
PATIENCE_S = 60


class TryAgain(AssertionError):
    """The server cannot tell at the moment."""


def split(address):
    host, _, port = address.rpartition(":")
    return host, int(port)


def message(to, sender=SENDER, body="Hello.\n", key=None):
    """A message with a key of its own in the subject; returns it and the key."""
    key = key or uuid.uuid4().hex
    built = email.message.EmailMessage()
    built["From"] = sender
    built["To"] = to
    built["Subject"] = key
    built["Message-ID"] = f"<{key}@elsewhere.example>"
    built.set_content(body)
    return built, key


def send(server, to, sender=SENDER, body="Hello.\n", login=None):
    """Sends one message; returns its key. A refusal raises smtplib's exception."""
    built, key = message(to, sender, body)
    with smtplib.SMTP(*split(server), timeout=30) as connection:
        if login:
            connection.login(*login)
        connection.send_message(built, from_addr=sender, to_addrs=[to])
    return key


def send_patiently(server, to, sender=SENDER, body="Hello.\n", login=None):
    """As send, but tries again as a real sender does: after a 4xx, or when nobody listens."""
    def attempt():
        try:
            return send(server, to, sender, body, login)
        except smtplib.SMTPRecipientsRefused as error:
            code, text = error.recipients[to]
            failure = error if code >= 500 else TryAgain(f"{code} {text}")
        except smtplib.SMTPResponseException as error:
            failure = error if error.smtp_code >= 500 else TryAgain(f"{error.smtp_code} {error.smtp_error}")
        except OSError as error:
            failure = TryAgain(error)
        raise failure
    return eventually(f"{to} can be sent to", PATIENCE_S, attempt)


def rcpt_code(server, to, sender=SENDER):
    """The code and text that RCPT TO is answered with; nothing is sent."""
    with smtplib.SMTP(*split(server), timeout=30) as connection:
        connection.ehlo()
        connection.mail(sender)
        code, text = connection.rcpt(to)
        return code, text.decode("utf-8", "replace")


class Submission:
    """A connection that has logged in to send, and stays."""

    def __init__(self, server, user, password):
        try:
            self.connection = smtplib.SMTP(*split(server), timeout=30)
            self.connection.login(user, password)
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            raise TryAgain(error) from error

    def code(self, sender, to="friend@elsewhere.example"):
        """What a message's recipient is answered with; nothing is sent. 0 where the connection has ended."""
        try:
            self.connection.rset()
            code, _ = self.connection.mail(sender)
            return self.connection.rcpt(to)[0] if code == 250 else code
        except smtplib.SMTPServerDisconnected:
            return 0


class Imap:
    """Raises TryAgain where the server says nothing definite, imaplib's error where it refuses."""

    def __init__(self, server, user, password):
        try:
            self.connection = imaplib.IMAP4(*split(server))
        except (imaplib.IMAP4.error, OSError) as error:
            raise TryAgain(error) from error
        try:
            self.connection.login(f'"{user}"', password)
        except (imaplib.IMAP4.abort, OSError) as error:
            raise TryAgain(error) from error
        except imaplib.IMAP4.error as error:
            if "UNAVAILABLE" in str(error):
                raise TryAgain(error) from error
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.connection.logout()
        except (imaplib.IMAP4.error, OSError):
            pass

    def has_ended(self):
        """Whether the server has closed the connection."""
        try:
            self.connection.noop()
        except (imaplib.IMAP4.abort, OSError):
            return True
        return False

    def subjects(self):
        """The subjects of all messages of the inbox: the keys of ours."""
        self.connection.select("INBOX")
        _, found = self.connection.search(None, "ALL")
        numbers = found[0].split()
        if not numbers:
            return []
        _, parts = self.connection.fetch(b",".join(numbers), "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
        texts = [part[1].decode("utf-8", "replace") for part in parts if isinstance(part, tuple)]
        return [email.message_from_string(text)["Subject"] for text in texts]

    def delete_all(self):
        self.connection.select("INBOX")
        self.connection.store("1:*", "+FLAGS", "\\Deleted")
        self.connection.expunge()

    def quota(self):
        """Used and allowed KiB of the user's quota root."""
        _, found = self.connection.getquotaroot("INBOX")
        text = found[1][0].decode()
        used, allowed = text[text.index("STORAGE") + 7:].strip(" )").split()[:2]
        return int(used), int(allowed.rstrip(")"))


def open_session(server, user, password):
    """A session that stays; asks again where the server says nothing definite."""
    return eventually(f"a session of {user}", PATIENCE_S, lambda: Imap(server, user, password))


def open_submission(server, user, password):
    """As open_session, to send."""
    return eventually(f"a connection of {user}", PATIENCE_S, lambda: Submission(server, user, password))


def can_log_in(server, user, password):
    """Yes or no; asks again where the server cannot tell."""
    def attempt():
        try:
            with Imap(server, user, password):
                return "yes"
        except imaplib.IMAP4.error:
            return "no"
    return eventually(f"a definite answer to {user}", PATIENCE_S, attempt) == "yes"


def wait_for_mail(server, user, password, keys, seconds=60):
    """Waits until all keys are in the inbox; returns all subjects."""
    wanted = set(keys)

    def arrived():
        try:
            with Imap(server, user, password) as imap:
                subjects = imap.subjects()
        except (imaplib.IMAP4.abort, OSError) as error:
            raise TryAgain(error) from error
        missing = wanted - set(subjects)
        assert not missing, f"{len(missing)} of {len(wanted)} messages are not in the inbox of {user}"
        return subjects
    return eventually(f"mail for {user}", seconds, arrived, pause_s=0.1)


class Traffic:
    """A steady stream of mail from a sender who does what senders do: tries again on 4xx, gives up on 5xx."""

    def __init__(self, server, addresses, per_second=10):
        self.server = server
        self.addresses = addresses  # called for each try: where this message goes now
        self.pause_s = 1.0 / per_second
        self.accepted = []
        self.refused = []
        self.retries = 0
        self.running = True
        self.queue = []
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self, seconds=60):
        """Sends what is still waiting, then ends."""
        self.running = False
        self.thread.join(seconds)
        if self.thread.is_alive():
            raise AssertionError(f"{len(self.queue)} messages are still waiting to be accepted")

    def _run(self):
        due = time.monotonic()
        while self.running or self.queue:
            now = time.monotonic()
            if self.running and now >= due:
                due += self.pause_s
                self.queue.append((now, uuid.uuid4().hex))
            ready = [entry for entry in self.queue if entry[0] <= now]
            for entry in ready:
                self.queue.remove(entry)
                self._try(entry[1])
            time.sleep(max(0.001, min(self.pause_s, due - time.monotonic())))

    def _try(self, key):
        to = self.addresses()
        built, _ = message(to, key=key)
        try:
            with smtplib.SMTP(*split(self.server), timeout=30) as connection:
                connection.send_message(built, from_addr=SENDER, to_addrs=[to])
            self.accepted.append(key)
        except smtplib.SMTPRecipientsRefused as error:
            self._refused(key, to, *error.recipients[to])
        except smtplib.SMTPResponseException as error:
            self._refused(key, to, error.smtp_code, error.smtp_error)
        except (OSError, smtplib.SMTPServerDisconnected):
            self._again(key)

    def _refused(self, key, to, code, text):
        if code < 500:
            self._again(key)
        else:
            self.refused.append((key, to, code, text))

    def _again(self, key):
        self.retries += 1
        self.queue.append((time.monotonic() + 0.5, key))
