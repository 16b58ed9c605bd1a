-- name: role_exists
SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :role);

-- name: lock
SELECT pg_advisory_lock(hashtextextended('roost/migrate/' || :schema::text, 0));

-- name: applied
SELECT checksum FROM migration WHERE name = :name;

-- name: record
INSERT INTO migration (name, checksum) VALUES (:name, :checksum);
