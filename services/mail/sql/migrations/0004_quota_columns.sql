-- Dovecot writes its counters and nothing else: it cannot give one mailbox's usage to another.
REVOKE UPDATE ON admin_quota FROM roost_mail;
GRANT UPDATE (bytes, messages) ON admin_quota TO roost_mail;
