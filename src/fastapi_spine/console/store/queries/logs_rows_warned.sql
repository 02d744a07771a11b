SELECT min(l.id), max(l.id)
FROM log AS l INDEXED BY log_warned
WHERE
    (l.at_ns, l.id) < (:time, :id)
    AND (l.at_ns, l.id) >= (:low_time, :low_id)
    AND l.severity >= 13;
