-- A table of the caller's own, made with CREATE TEMP, would otherwise come before ours in functions that run as the owner.
SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);

ALTER FUNCTION tally_add(bigint) SET search_path FROM CURRENT;
ALTER FUNCTION mailbox_quota_sum() SET search_path FROM CURRENT;
ALTER FUNCTION usage_displace(text, bigint) SET search_path FROM CURRENT;
ALTER FUNCTION usage_resolve() SET search_path FROM CURRENT;
ALTER FUNCTION usage_touch() SET search_path FROM CURRENT;
ALTER FUNCTION usage_follow_quota() SET search_path FROM CURRENT;
