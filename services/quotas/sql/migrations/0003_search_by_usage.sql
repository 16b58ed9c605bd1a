-- What a search in the order of usage compares with, so that it need not look at the rows it passes over.
CREATE INDEX usage_bytes_username_idx ON usage (bytes, mailbox_id) INCLUDE (username, is_astray);
DROP INDEX usage_bytes_idx;
