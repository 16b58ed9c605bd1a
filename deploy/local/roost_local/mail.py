"""The private Postfix and Dovecot of a stack, wired to it by what roostctl renders. No mail leaves the machine: whatever
is not for a local mailbox goes to a sink that writes files."""

import os
import pwd
import smtplib
import socket
import subprocess

from roost_local import services
from roost_local.progress import StackError
from roost_local.stack import MAIL_USER, write_file

PORT_NAMES = ("smtp", "submission", "imap", "lmtp", "sink")
POSTFIX_DAEMONS = "/usr/lib/postfix/sbin"

# An smtpd remembers for as long as it lives to which class of domain a recipient belongs. One connection each, so that a
# changed domain is seen at once.
MASTER_CF = """\
127.0.0.1:{smtp} inet n - n - - smtpd
  -o max_use=1
127.0.0.1:{submission} inet n - n - - smtpd
  -o syslog_name=postfix/submission
  -o max_use=1
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
flush     unix n - n 1000? 0 flush
proxymap  unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp      unix - - n - - smtp
relay     unix - - n - - smtp
showq     unix n - n - - showq
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
local     unix - n n - - local
virtual   unix - n n - - virtual
lmtp      unix - - n - - lmtp
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


def postfix_dir(stack, *names):
    return stack.path("postfix", *names)


def dovecot_dir(stack, *names):
    return stack.path("dovecot", *names)


def environment(stack):
    lines = {"ROOST_" + name.upper(): f"127.0.0.1:{stack.port(name)}" for name in ("smtp", "submission", "imap", "lmtp")}
    return lines | {"ROOST_MAIL_HOME": stack.mail_home, "ROOST_SINK": stack.path("sink")}


def _render_env(stack):
    """What roostctl needs to render configuration that holds the mail role's password."""
    return {"PATH": services.PATH, "LANG": "C.UTF-8", "ROOST_MAIL_DATABASE_URL": stack.database_url("roost_mail")}


def _render(stack, command, destination):
    """Overwrites: a port may have changed since the last run, and the folder is ours."""
    done = subprocess.run([os.path.join(stack.bin_dir, "roostctl"), *command, "--destdir", destination,
                           "--force-overwrite"], env=_render_env(stack), cwd="/", text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                          check=False)
    if done.returncode != 0:
        raise StackError(f"roostctl {command[0]} failed:\n{done.stdout}")


# Postfix

def _rendered_settings(stack):
    """The lines that roostctl wrote for main.cf, by name; indented lines belong to the one before."""
    settings, name = {}, None
    with open(postfix_dir(stack, "maps", "roost-main.cf"), encoding="utf-8") as source:
        for line in source:
            if line.startswith("#") or not line.strip():
                continue
            if line[0].isspace():
                settings[name] += " " + line.strip()
            else:
                name, _, value = (part.strip() for part in line.partition("="))
                settings[name] = value
    return settings


def _main_cf(stack):
    own = {
        "compatibility_level": "3.6",
        "config_directory": postfix_dir(stack, "etc"),
        "queue_directory": postfix_dir(stack, "spool"),
        "data_directory": postfix_dir(stack, "data"),
        "meta_directory": "/etc/postfix",
        "shlib_directory": "/usr/lib/postfix",
        "maillog_file": postfix_dir(stack, "log", "postfix.log"),
        "maillog_file_prefixes": stack.data,
        "myhostname": "mail.roost.test",
        "mydestination": "",
        "mynetworks": "",
        "inet_protocols": "ipv4",
        "biff": "no",
        "local_recipient_maps": "",
        "alias_maps": "",
        "alias_database": "",
        # Nothing leaves: neither by DNS nor by a route of its own.
        "relayhost": f"[127.0.0.1]:{stack.port('sink')}",
        "disable_dns_lookups": "yes",
        "smtp_host_lookup": "native",
        "virtual_transport": f"lmtp:inet:127.0.0.1:{stack.port('lmtp')}",
        "smtpd_relay_restrictions": "permit_sasl_authenticated, reject_unauth_destination",
        "smtpd_sasl_type": "dovecot",
        "smtpd_sasl_path": os.path.join(stack.run_dir, "dovecot", "auth-client"),
        "smtpd_sasl_security_options": "noanonymous",
        "smtpd_tls_security_level": "none",
        # A private server serves one person's tests: no limits meant against strangers, and prompt retries.
        "smtpd_client_connection_rate_limit": "0",
        "smtpd_client_connection_count_limit": "0",
        "smtpd_error_sleep_time": "0",
        "minimal_backoff_time": "5s",
        "maximal_backoff_time": "20s",
        "queue_run_delay": "5s",
        "message_size_limit": "26214400",
    }
    settings = _rendered_settings(stack) | own
    return "# Written by deploy/local/up.\n" + "".join(f"{name} = {value}\n" for name, value in settings.items())


def _prepare_postfix(stack):
    postfix = pwd.getpwnam("postfix")
    for name, owner in (("", None), ("etc", None), ("spool", None), ("data", postfix), ("log", None)):
        stack.directory(postfix_dir(stack, name), 0o755, owner)
    stack.directory(postfix_dir(stack, "maps"), 0o750, None)
    os.chown(postfix_dir(stack, "maps"), 0, postfix.pw_gid)
    _render(stack, ["postfix-maps"], postfix_dir(stack, "maps"))
    for name in os.listdir(postfix_dir(stack, "maps")):
        path = postfix_dir(stack, "maps", name)
        os.chown(path, 0, postfix.pw_gid)
        os.chmod(path, 0o640)
    write_file(postfix_dir(stack, "etc", "main.cf"), _main_cf(stack), mode=0o644)
    ports = {name: stack.port(name) for name in ("smtp", "submission")}
    write_file(postfix_dir(stack, "etc", "master.cf"), MASTER_CF.format(**ports), mode=0o644)
    done = subprocess.run(["/usr/sbin/postfix", "-c", postfix_dir(stack, "etc"), "check"], text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise StackError(f"Postfix refuses its configuration:\n{done.stdout}")


def _prepare_sink(stack):
    stack.directory(stack.path("sink"), 0o700, pwd.getpwnam("nobody"))


# Dovecot

def _dovecot_conf(stack):
    mail = stack.user(MAIL_USER)
    base = os.path.join(stack.run_dir, "dovecot")
    return f"""# Written by deploy/local/up.
base_dir = {base}
state_dir = {dovecot_dir(stack, "state")}
instance_name = roost-{os.path.basename(stack.data)}
log_path = /dev/stderr
listen = 127.0.0.1
protocols = imap lmtp
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
first_valid_uid = {mail.pw_uid}
default_login_user = dovenull
default_internal_user = dovecot
mail_max_userip_connections = 100

service imap-login {{
  inet_listener imap {{
    port = {stack.port("imap")}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {stack.port("lmtp")}
  }}
}}
service auth {{
  unix_listener auth-client {{
    mode = 0660
    user = postfix
    group = postfix
  }}
}}
service dict {{
  unix_listener dict {{
    mode = 0660
    user = dovecot
    group = {MAIL_USER}
  }}
}}
!include_try {dovecot_dir(stack, "roost")}/*.conf

service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
  # The agent ends the sessions of a mailbox that moves.
  unix_listener anvil {{
    mode = 0660
    group = {MAIL_USER}
  }}
}}
"""


def _prepare_dovecot(stack):
    for name in ("", "state"):
        stack.directory(dovecot_dir(stack, name), 0o755, None)
    stack.directory(os.path.join(stack.run_dir, "dovecot"), 0o755, None)
    stack.directory(dovecot_dir(stack, "roost"), 0o755, None)
    mail = stack.user(MAIL_USER)
    _render(stack, ["dovecot-conf", "--mail-home", stack.mail_home, "--uid", str(mail.pw_uid),
                    "--gid", str(mail.pw_gid)], dovecot_dir(stack, "roost"))
    stack.directory(dovecot_dir(stack, "roost"), 0o755, None)
    write_file(dovecot_dir(stack, "dovecot.conf"), _dovecot_conf(stack), mode=0o644)


# Processes

def _spec(stack, name, argv, ports, stage=2, user=None):
    return {"name": name, "argv": argv, "env": {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, "user": user,
            "log": stack.path("log", name + ".log"), "stage": stage, "stop_signal": "SIGTERM",
            "ports": [stack.port(port) for port in ports]}


def prepare(stack):
    """Writes the configuration; returns what the supervisor is to run."""
    _prepare_dovecot(stack)
    _prepare_postfix(stack)
    _prepare_sink(stack)
    sink = ["/usr/sbin/smtp-sink", "-d", stack.path("sink") + "/%Y%m%d%H%M%S.",
            f"127.0.0.1:{stack.port('sink')}", "100"]
    return [
        _spec(stack, "sink", sink, ["sink"], user="nobody") | {"umask": 0o077},
        _spec(stack, "dovecot", ["/usr/sbin/dovecot", "-F", "-c", dovecot_dir(stack, "dovecot.conf")],
              ["imap", "lmtp"]),
        _spec(stack, "postfix", [f"{POSTFIX_DAEMONS}/master", "-c", postfix_dir(stack, "etc"), "-s"],
              ["smtp", "submission"], stage=3),
    ]


def ready(stack):
    try:
        with smtplib.SMTP("127.0.0.1", stack.port("smtp"), timeout=5) as connection:
            connection.noop()
        with socket.create_connection(("127.0.0.1", stack.port("imap")), timeout=5) as connection:
            return connection.recv(100).startswith(b"* OK")
    except (OSError, smtplib.SMTPException):
        return False
