-- What a session has made with CREATE TEMP comes last in functions, too.
SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);

ALTER FUNCTION name_claim(text, text, bigint) SET search_path FROM CURRENT;
ALTER FUNCTION domain_names() SET search_path FROM CURRENT;
ALTER FUNCTION domain_alias_names() SET search_path FROM CURRENT;
ALTER FUNCTION tally_add(text, bigint) SET search_path FROM CURRENT;
ALTER FUNCTION domain_count() SET search_path FROM CURRENT;
ALTER FUNCTION domain_alias_count() SET search_path FROM CURRENT;
