-- Postfix folds the case of a key before it asks, which may take its letters and accents apart; addresses are kept in NFC.
CREATE OR REPLACE FUNCTION canonical_key(key text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN octet_length(key) > 640 OR length(key) - length(replace(key, '@', '')) <> 1 THEN NULL
        WHEN octet_length(key) = length(key) THEN lower(key COLLATE "C")
        WHEN current_setting('client_encoding') = 'LATIN1' THEN normalize(lower(mail.utf8_key(key) COLLATE "C"))
        ELSE normalize(lower(key COLLATE "C"))
    END
$$;
