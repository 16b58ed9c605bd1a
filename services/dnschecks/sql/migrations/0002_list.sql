-- For the list of results. A result that is still to come is before all times, so that a page can end there.
UPDATE domain_check SET checked_at = '-infinity' WHERE checked_at IS NULL;
ALTER TABLE domain_check ALTER COLUMN checked_at SET DEFAULT '-infinity', ALTER COLUMN checked_at SET NOT NULL;

CREATE INDEX domain_check_domain_name_idx ON domain_check (domain_name, domain_id);
CREATE INDEX domain_check_checked_at_idx ON domain_check (checked_at, domain_id);
-- Few are wrong: those are found first and then ordered by any column.
CREATE INDEX domain_check_status_idx ON domain_check (status, domain_name, domain_id);
