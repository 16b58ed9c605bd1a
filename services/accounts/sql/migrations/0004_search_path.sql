-- What a session has made with CREATE TEMP comes last in functions, too.
SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);

ALTER FUNCTION add_to_tally(bigint) SET search_path FROM CURRENT;
ALTER FUNCTION tally_inserted() SET search_path FROM CURRENT;
ALTER FUNCTION tally_deleted() SET search_path FROM CURRENT;
ALTER FUNCTION tally_changed() SET search_path FROM CURRENT;
