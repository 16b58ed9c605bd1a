-- Deletions that can be undone wait in great number; an undo finds its own.
CREATE INDEX saga_object_id_idx ON saga (object_id);
