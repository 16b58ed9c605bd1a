-- A deleted alias that can still be restored: invisible, its address taken, named by other aliases until it goes.
ALTER TABLE alias ADD COLUMN state text NOT NULL DEFAULT 'active'
    CONSTRAINT alias_state_check CHECK (state IN ('active', 'deleting'));

-- The few that a list may be narrowed to; and a domain's aliases in the order in which a bulk change takes them.
CREATE INDEX alias_disabled_idx ON alias (address, id) WHERE NOT enabled;
CREATE INDEX alias_domain_id_idx ON alias (domain_id, id);

CREATE OR REPLACE FUNCTION count_aliases() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO counter AS c (domain_id, shard, aliases)
        SELECT coalesce(domain_id, 0), pg_backend_pid() % 16, count(*) FROM new_rows WHERE state = 'active'
        GROUP BY ROLLUP (domain_id) HAVING count(*) > 0 ORDER BY 1
        ON CONFLICT (domain_id, shard) DO UPDATE SET aliases = c.aliases + excluded.aliases;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO counter AS c (domain_id, shard, aliases)
        SELECT coalesce(domain_id, 0), pg_backend_pid() % 16, -count(*) FROM old_rows WHERE state = 'active'
        GROUP BY ROLLUP (domain_id) HAVING count(*) > 0 ORDER BY 1
        ON CONFLICT (domain_id, shard) DO UPDATE SET aliases = c.aliases + excluded.aliases;
    ELSE
        INSERT INTO counter AS c (domain_id, shard, aliases)
        SELECT coalesce(domain_id, 0), pg_backend_pid() % 16, sum(n)
        FROM (SELECT domain_id, 1 AS n FROM new_rows WHERE state = 'active'
              UNION ALL SELECT domain_id, -1 FROM old_rows WHERE state = 'active') AS changes
        GROUP BY ROLLUP (domain_id) HAVING sum(n) <> 0 ORDER BY 1
        ON CONFLICT (domain_id, shard) DO UPDATE SET aliases = c.aliases + excluded.aliases;
    END IF;
    RETURN NULL;
END
$$;
