-- name: outbox_insert
INSERT INTO outbox (event_type, object_type, object_id, actor_account_id, actor, request_id, before, after)
VALUES (:event_type, :object_type, :object_id, :actor_account_id, :actor, :request_id, :before::json, :after::json);

-- What the relay looks for while it waits: something to publish; something that is old enough to go.
-- name: outbox_probe
SELECT EXISTS (SELECT FROM outbox WHERE published_at IS NULL),
       EXISTS (SELECT FROM (SELECT published_at FROM outbox ORDER BY id LIMIT 1) AS oldest
               WHERE published_at < now() - interval '7 days');

-- One relay at a time; the lock goes with the transaction.
-- name: outbox_lock
SELECT pg_try_advisory_xact_lock(hashtextextended('roost/relay/' || current_schema(), 0));

-- The number of the last batch: what Redis must have as its marker.
-- name: outbox_last_batch
SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM outbox_batch;

-- name: outbox_next_batch
SELECT nextval('outbox_batch');

-- name: outbox_unpublished
SELECT id, json_build_object(
    'specversion', '1.0',
    'id', :service::text || '-' || id,
    'source', '/roost/' || :service::text,
    'type', 'roost.' || event_type || '.v1',
    'subject', object_type || '/' || object_id,
    'time', to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'datacontenttype', 'application/json',
    'roostactor', actor,
    'roostrequestid', request_id,
    'data', json_build_object('before', before, 'after', after))
FROM outbox WHERE published_at IS NULL
ORDER BY id LIMIT :limit::bigint;

-- name: outbox_published
UPDATE outbox SET published_at = clock_timestamp(), published_batch = :batch
WHERE id = ANY (:ids);

-- Redis has lost what came after the batch :marker. Oldest first, so that what is left is newer.
-- name: outbox_republish
WITH taken AS (
    UPDATE outbox SET published_at = NULL, published_batch = NULL
    WHERE id IN (SELECT id FROM outbox WHERE published_batch > :marker AND id > :after_id
                 ORDER BY id LIMIT :limit::bigint)
    RETURNING id)
SELECT count(*), max(id) FROM taken;

-- name: outbox_expire
DELETE FROM outbox
WHERE id IN (SELECT id FROM (SELECT id, published_at FROM outbox ORDER BY id LIMIT 1000) AS oldest
             WHERE published_at < now() - interval '7 days');
