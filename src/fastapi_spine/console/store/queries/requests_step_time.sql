SELECT s.start_ns, s.id
FROM request AS s INDEXED BY request_time
WHERE
    (s.start_ns, s.id) < (:time, :id)
    AND s.start_ns >= :since
ORDER BY s.start_ns DESC, s.id DESC
LIMIT 1 OFFSET :size;
