-- Lists for the tests of list.

-- name: item_list :list
-- orderings: name size created_at
-- key: id
SELECT id, name, size, created_at FROM item
WHERE (:search::text IS NULL OR name LIKE :search) AND size >= :min_size {after}
ORDER BY {order} LIMIT :limit;

-- name: item_other_list :list
-- orderings: name
-- key: name
SELECT id, name FROM item
WHERE true {after}
ORDER BY {order} LIMIT :limit;
