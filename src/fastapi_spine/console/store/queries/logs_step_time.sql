SELECT l.at_ns, l.id
FROM log AS l INDEXED BY log_time
WHERE
    (l.at_ns, l.id) < (:time, :id)
    AND l.at_ns >= :since
ORDER BY l.at_ns DESC, l.id DESC
LIMIT 1 OFFSET :size;
