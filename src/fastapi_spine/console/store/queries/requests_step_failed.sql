SELECT s.start_ns, s.id
FROM request AS s INDEXED BY request_failed
WHERE
    (s.start_ns, s.id) < (:time, :id)
    AND s.start_ns >= :since
    AND s.failed = 1
ORDER BY s.start_ns DESC, s.id DESC
LIMIT 1 OFFSET :size;
