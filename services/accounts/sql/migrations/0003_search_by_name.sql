-- The people of one name in the order of their user names, without a look at the table: for the search.
CREATE INDEX account_first_name_search_idx ON account (folded_first_name, username, id) WHERE folded_first_name <> '';
CREATE INDEX account_last_name_search_idx ON account (folded_last_name, username, id) WHERE folded_last_name <> '';
DROP INDEX account_folded_first_name_idx, account_folded_last_name_idx;
