-- name: saga_insert
INSERT INTO saga (kind, object_id, payload, identity, trace_id, due_at)
VALUES (:kind, :object_id, :payload, :identity, :trace_id,
        clock_timestamp() + :delay_ms::bigint * interval '1 millisecond')
RETURNING id;

-- name: saga_delete
DELETE FROM saga WHERE id = :id;

-- The row's lock decides between this and a claim: who comes second finds the row gone, or attempts counted.
-- name: saga_withdraw
DELETE FROM saga WHERE object_id = :object_id AND kind = :kind AND attempts = 0;

-- The number of attempts tells this claim from a later one.
-- name: saga_claim
UPDATE saga SET claimed_until = clock_timestamp() + :lease_ms::bigint * interval '1 millisecond',
    attempts = attempts + 1
WHERE id = :id AND kind = :kind AND (claimed_until IS NULL OR claimed_until < clock_timestamp())
RETURNING id, kind, object_id, attempts, payload, identity, trace_id;

-- name: saga_exists
SELECT EXISTS (SELECT FROM saga WHERE id = :id);

-- name: saga_claim_due
UPDATE saga SET claimed_until = clock_timestamp() + :lease_ms::bigint * interval '1 millisecond',
    attempts = attempts + 1
WHERE id = (
    SELECT id FROM saga
    WHERE due_at <= clock_timestamp() AND kind = ANY (:kinds)
      AND (claimed_until IS NULL OR claimed_until < clock_timestamp())
    ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, kind, object_id, attempts, payload, identity, trace_id;

-- name: saga_put_back
UPDATE saga SET claimed_until = NULL, last_error = :last_error,
    due_at = clock_timestamp() + :pause_ms::bigint * interval '1 millisecond'
WHERE id = :id AND attempts = :attempts;
