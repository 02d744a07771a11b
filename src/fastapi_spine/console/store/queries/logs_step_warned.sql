SELECT l.at_ns, l.id
FROM log AS l INDEXED BY log_warned
WHERE
    (l.at_ns, l.id) < (:time, :id)
    AND l.at_ns >= :since
    AND l.severity >= 13
ORDER BY l.at_ns DESC, l.id DESC
LIMIT 1 OFFSET :size;
