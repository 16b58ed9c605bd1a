-- Inside the database `roost`, owned by roost_owner; for a superuser of the server; safe to run again.
-- Nobody but the roles of Roost connects, and nobody makes objects but the owner.
REVOKE ALL ON DATABASE roost FROM PUBLIC;
GRANT CONNECT ON DATABASE roost TO roost_accounts, roost_domains, roost_mailboxes, roost_quotas, roost_dnschecks,
    roost_mail;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
