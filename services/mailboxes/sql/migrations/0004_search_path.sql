-- What a session has made with CREATE TEMP comes last in functions, too.
SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);

ALTER FUNCTION count_mailboxes() SET search_path FROM CURRENT;
ALTER FUNCTION count_aliases() SET search_path FROM CURRENT;
