SELECT min(l.id), max(l.id)
FROM log AS l INDEXED BY log_time
WHERE
    (l.at_ns, l.id) < (:time, :id)
    AND (l.at_ns, l.id) >= (:low_time, :low_id);
