-- name: request_insert
INSERT INTO request_log (account_id, method, request_id, request_hash)
VALUES (:account_id, :method, :request_id, :request_hash)
ON CONFLICT (account_id, method, request_id) DO NOTHING;

-- name: request_find
SELECT request_hash = :request_hash, response IS NOT NULL, response
FROM request_log
WHERE account_id = :account_id AND method = :method AND request_id = :request_id;

-- A write that was begun and never ended: whoever began it is gone.
-- name: request_take_over
UPDATE request_log SET created_at = clock_timestamp()
WHERE account_id = :account_id AND method = :method AND request_id = :request_id
  AND response IS NULL AND created_at < clock_timestamp() - interval '1 minute';

-- name: request_finish
UPDATE request_log SET response = :response
WHERE account_id = :account_id AND method = :method AND request_id = :request_id;

-- name: request_forget
DELETE FROM request_log
WHERE account_id = :account_id AND method = :method AND request_id = :request_id;

-- name: request_expire
DELETE FROM request_log
WHERE (account_id, method, request_id) IN (
    SELECT account_id, method, request_id FROM request_log
    WHERE created_at < now() - interval '24 hours' ORDER BY created_at LIMIT 1000);
