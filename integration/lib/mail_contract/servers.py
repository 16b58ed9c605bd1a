"""A second Postfix and Dovecot beside a stack, configured by hand as for Modoboa: its tables, no file of Roost's."""

import os
import pwd
import signal
import subprocess
import urllib.parse

from roost_local.mail import MASTER_CF
from roost_test.mail import rcpt_code
from roost_test.stack import free_port
from roost_test.wait import eventually

# Modoboa's tables and columns; the questions are those of the reference, in our words.
MAPS = {
    "sql-domains": "SELECT d.name FROM admin_domain d WHERE d.name = '%s' AND d.type = 'domain' AND d.enabled",
    "sql-domain-aliases": "SELECT d.name FROM admin_domainalias a JOIN admin_domain d ON d.id = a.target_id "
                          "WHERE a.name = '%s' AND a.enabled AND d.enabled",
    "sql-aliases": "SELECT r.address FROM admin_alias a JOIN modoboa_admin_aliasrecipient r ON r.alias_id = a.id "
                   "WHERE a.address = '%s' AND a.enabled AND (a.expire_at IS NULL OR a.expire_at > now())",
    "sql-maintain": "SELECT '450 Requested mail action not taken: mailbox unavailable' FROM admin_mailboxoperation o "
                    "JOIN admin_mailbox m ON m.id = o.mailbox_id JOIN admin_domain d ON d.id = m.domain_id "
                    "WHERE m.address = '%u' AND d.name = '%d' LIMIT 1",
    "sql-sender-login-mailboxes": "SELECT u.email FROM core_user u WHERE u.email = '%s' AND u.is_active",
    "sql-sender-login-aliases": "SELECT m.address || '@' || d.name FROM admin_alias a "
                                "JOIN modoboa_admin_aliasrecipient r ON r.alias_id = a.id "
                                "JOIN admin_mailbox m ON m.id = r.r_mailbox_id "
                                "JOIN admin_domain d ON d.id = m.domain_id WHERE a.address = '%s' AND a.enabled",
    "sql-sender-login-mailboxes-extra": "SELECT m.address || '@' || d.name FROM admin_senderaddress s "
                                        "JOIN admin_mailbox m ON m.id = s.mailbox_id "
                                        "JOIN admin_domain d ON d.id = m.domain_id WHERE s.address = '%s'",
    "sql-relaydomains": "SELECT d.name FROM admin_domain d WHERE d.name = '%s' AND d.type = 'relaydomain' AND d.enabled",
    "sql-relaydomains-transport": "SELECT s.name || ':[' || r.target_host || ']:' || r.target_port "
                                  "FROM postfix_relay_domains_relaydomain r "
                                  "JOIN postfix_relay_domains_service s ON s.id = r.service_id "
                                  "JOIN admin_domain d ON d.id = r.domain_id WHERE d.name = '%s' AND d.enabled",
    "sql-spliteddomains-transport": "SELECT '{lmtp}' FROM admin_mailbox m JOIN admin_domain d ON d.id = m.domain_id "
                                    "JOIN postfix_relay_domains_relaydomain r ON r.domain_id = d.id "
                                    "JOIN core_user u ON u.id = m.user_id WHERE d.enabled AND u.is_active "
                                    "AND m.address = '%u' AND d.name = '%d'",
    "sql-relay-recipient-verification": "SELECT 'reject_unverified_recipient' "
                                        "FROM postfix_relay_domains_relaydomain r "
                                        "JOIN admin_domain d ON d.id = r.domain_id "
                                        "WHERE d.name = '%d' AND r.verify_recipients",
}

DOVECOT_CONF = """\
base_dir = {run}
state_dir = {folder}/state
instance_name = contract-{smtp}
log_path = {folder}/dovecot.log
listen = 127.0.0.1
protocols = imap lmtp
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
first_valid_uid = {uid}
mail_location = maildir:~/.maildir
mail_plugins = quota
namespace inbox {{
  inbox = yes
}}
passdb {{
  driver = sql
  args = {folder}/dovecot-sql.conf.ext
}}
userdb {{
  driver = sql
  args = {folder}/dovecot-sql.conf.ext
}}
dict {{
  quota = pgsql:{folder}/dovecot-dict-sql.conf.ext
}}
plugin {{
  quota = dict:User quota::proxy::quota
}}
protocol imap {{
  mail_plugins = $mail_plugins imap_quota
}}
protocol lmtp {{
  postmaster_address = postmaster@example.test
  mail_plugins = $mail_plugins quota
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
service dict {{
  unix_listener dict {{
    mode = 0666
  }}
}}
service auth {{
  unix_listener auth-client {{
    mode = 0666
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""

# The three queries of the documentation, with its placeholders filled.
DOVECOT_SQL = """\
driver = pgsql
connect = host={host} port={port} dbname={dbname} user={user} password={password}
default_pass_scheme = CRYPT
password_query = SELECT email AS user, password FROM core_user WHERE email='%u' and is_active
user_query = SELECT '{home}/%Ld/%Ln' AS home, {uid} as uid, {gid} as gid, '*:bytes=' || mb.quota || 'M' AS quota_rule \
FROM admin_mailbox mb INNER JOIN admin_domain dom ON mb.domain_id=dom.id WHERE mb.address='%Ln' AND dom.name='%Ld'
iterate_query = SELECT email AS username FROM core_user WHERE email<>''
"""

DOVECOT_DICT = """\
connect = host={host} port={port} dbname={dbname} user={user} password={password}
map {{
  pattern = priv/quota/storage
  table = admin_quota
  username_field = username
  value_field = bytes
}}
map {{
  pattern = priv/quota/messages
  table = admin_quota
  username_field = username
  value_field = messages
}}
"""


class Servers:
    """with Servers(stack) as servers: servers.smtp, servers.imap are addresses."""

    def __init__(self, stack):
        self.stack = stack
        self.folder = os.path.join(stack.folder, "contract")
        self.run = os.path.join(stack.folder, "run")
        self.ports = {name: free_port() for name in ("smtp", "submission", "imap", "lmtp")}
        self.smtp, self.submission, self.imap = (
            f"127.0.0.1:{self.ports[name]}" for name in ("smtp", "submission", "imap"))
        self.dovecot = None

    def __enter__(self):
        for name in ("", "state", "etc", "spool", "data", "maps"):
            os.makedirs(os.path.join(self.folder, name), exist_ok=True)
        os.makedirs(self.run, exist_ok=True)
        os.chmod(self.folder, 0o755)
        self._write_dovecot()
        self._write_postfix()
        self.dovecot = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", self._path("dovecot.conf")],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        subprocess.run(["/usr/sbin/postfix", "-c", self._path("etc"), "start"], check=True, capture_output=True)
        eventually("the second Postfix answers", 60, self._answers)
        return self

    def __exit__(self, *_):
        subprocess.run(["/usr/sbin/postfix", "-c", self._path("etc"), "stop"], check=False, capture_output=True)
        self.dovecot.send_signal(signal.SIGTERM)
        self.dovecot.wait(20)

    def _answers(self):
        try:
            return rcpt_code(self.smtp, "x@y.example")[0] >= 400
        except OSError:
            return False

    def _path(self, *names):
        return os.path.join(self.folder, *names)

    def _write(self, name, text):
        with open(self._path(name), "w", encoding="utf-8") as target:
            target.write(text)

    def _database(self):
        url = urllib.parse.urlsplit(self.stack["ROOST_MAIL_DATABASE_URL"])
        query = dict(urllib.parse.parse_qsl(url.query))
        return {"host": query.get("host") or url.hostname, "port": query.get("port") or url.port or 5432,
                "dbname": url.path.lstrip("/"), "user": urllib.parse.unquote(url.username),
                "password": urllib.parse.unquote(url.password or "")}

    def _write_dovecot(self):
        home = self.stack["ROOST_MAIL_HOME"]
        owner = os.stat(home)
        values = self._database() | {"home": home, "uid": owner.st_uid, "gid": owner.st_gid, "folder": self.folder,
                                     "run": self.run} | self.ports
        self._write("dovecot.conf", DOVECOT_CONF.format(**values))
        self._write("dovecot-sql.conf.ext", DOVECOT_SQL.format(**values))
        self._write("dovecot-dict-sql.conf.ext", DOVECOT_DICT.format(**values))

    def _write_maps(self):
        database = self._database()
        lmtp = f"lmtp:inet:127.0.0.1:{self.ports['lmtp']}"
        url = self.stack["ROOST_MAIL_DATABASE_URL"]
        hosts = url if database["host"].startswith("/") else f"{database['host']}:{database['port']}"
        for name, query in MAPS.items():
            self._write(f"maps/{name}.cf", f"user = {database['user']}\npassword = {database['password']}\n"
                                           f"dbname = {database['dbname']}\nhosts = {hosts}\n"
                                           f"query = {query.replace('{lmtp}', lmtp)}\n")

    def _write_postfix(self):
        self._write_maps()
        os.chown(self._path("data"), pwd.getpwnam("postfix").pw_uid, -1)

        def table(*names):
            return " ".join(f"pgsql:{self._path('maps', name)}.cf" for name in names)

        settings = {
            "compatibility_level": "3.6", "config_directory": self._path("etc"), "queue_directory": self._path("spool"),
            "data_directory": self._path("data"), "meta_directory": "/etc/postfix",
            "shlib_directory": "/usr/lib/postfix", "maillog_file": self._path("postfix.log"),
            "maillog_file_prefixes": self.folder, "myhostname": "mail.contract.test", "mydestination": "",
            "mynetworks": "", "inet_protocols": "ipv4", "biff": "no", "local_recipient_maps": "", "alias_maps": "",
            "alias_database": "", "disable_dns_lookups": "yes", "smtp_host_lookup": "native",
            # Nothing leaves the machine: the stack's own sink takes what is for others.
            "relayhost": f"[127.0.0.1]:{self.stack.sink_port()}", "recipient_delimiter": "+",
            "virtual_transport": f"lmtp:inet:127.0.0.1:{self.ports['lmtp']}",
            "virtual_mailbox_domains": table("sql-domains"), "virtual_alias_domains": table("sql-domain-aliases"),
            "virtual_alias_maps": table("sql-aliases"), "relay_domains": table("sql-relaydomains"),
            "transport_maps": table("sql-spliteddomains-transport", "sql-relaydomains-transport"),
            "smtpd_recipient_restrictions": f"check_recipient_access {table('sql-maintain')}, "
                                            f"check_recipient_access {table('sql-relay-recipient-verification')}, "
                                            "permit_mynetworks, permit_sasl_authenticated, "
                                            "reject_unauth_destination, reject_unverified_recipient",
            "smtpd_relay_restrictions": "permit_sasl_authenticated, reject_unauth_destination",
            "unverified_recipient_reject_code": "550", "address_verify_poll_delay": "1s",
            # A test asks again within seconds, and wants to see what has changed.
            "address_verify_map": "", "smtpd_client_connection_count_limit": "0", "smtpd_error_sleep_time": "0",
            "smtpd_sender_restrictions": "reject_sender_login_mismatch",
            "smtpd_sender_login_maps": table("sql-sender-login-mailboxes", "sql-sender-login-aliases",
                                             "sql-sender-login-mailboxes-extra"),
            "smtpd_sasl_type": "dovecot", "smtpd_sasl_path": os.path.join(self.run, "auth-client"),
            "minimal_backoff_time": "5s", "maximal_backoff_time": "20s", "queue_run_delay": "5s",
        }
        self._write("etc/main.cf", "".join(f"{name} = {value}\n" for name, value in settings.items()))
        self._write("etc/master.cf", MASTER_CF.format(**self.ports))
