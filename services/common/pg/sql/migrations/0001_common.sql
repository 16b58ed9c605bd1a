-- What every service's schema has: events, answered requests, writes under way.

CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_type text NOT NULL,
    object_type text NOT NULL,
    object_id bigint NOT NULL,
    actor_account_id bigint NOT NULL,
    actor text NOT NULL,
    request_id text NOT NULL,
    before json,
    after json,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    published_at timestamptz,
    published_batch bigint
) WITH (autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX outbox_unpublished_idx ON outbox (id) WHERE published_at IS NULL;
-- Numbers the relay's batches; Redis keeps the last one, so a relay can tell what Redis has lost.
CREATE SEQUENCE outbox_batch;

CREATE TABLE request_log (
    account_id bigint NOT NULL,
    method text NOT NULL,
    request_id text NOT NULL,
    request_hash bytea NOT NULL,
    response bytea,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (account_id, method, request_id)
);
CREATE INDEX request_log_created_at_idx ON request_log (created_at);

CREATE TABLE saga (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    object_id bigint NOT NULL,
    payload bytea NOT NULL,
    -- For whom it is done: a packed roost.common.v1.Identity, and the request's id.
    identity bytea NOT NULL,
    trace_id text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    due_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    last_error text NOT NULL DEFAULT '',
    claimed_until timestamptz
) WITH (autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX saga_due_at_idx ON saga (due_at);
