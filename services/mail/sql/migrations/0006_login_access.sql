-- For check_sasl_access: a connection that has logged in to send goes on when its login would not succeed any more. Refused
-- and closed are those of no open mailbox, whatever they want to send as (reject_sender_login_mismatch lets "<>" through).
CREATE FUNCTION login_access(key text) RETURNS SETOF text LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    canonical text := mail.canonical_key(key);
BEGIN
    IF NOT EXISTS (SELECT FROM domains.domain AS d
                   JOIN mailboxes.mailbox AS m ON m.domain_id = d.id AND m.local_part = split_part(canonical, '@', 1)
                   JOIN accounts.account AS u ON u.id = m.account_id
                   WHERE d.name = split_part(canonical, '@', 2) AND d.state = 'active' AND d.enabled
                       AND m.state = 'active' AND u.state = 'active' AND u.is_active) THEN
        RETURN NEXT '521 5.7.1 This login is not valid any more';
    END IF;
END
$$;

REVOKE ALL ON FUNCTION login_access(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION login_access(text) TO roost_mail;
