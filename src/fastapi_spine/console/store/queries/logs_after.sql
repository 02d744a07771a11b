SELECT l.id, t.trace_id, t.made, l.span_id, l.at_ns, l.severity, l.level, l.body, l.attributes, l.logger, l.source, l.trace
FROM log AS l INDEXED BY log_time
LEFT JOIN trace AS t ON t.no = l.trace
WHERE
    (l.at_ns, l.id) >= (:time, :id)
    AND (:sources IS NULL OR l.source IN (SELECT value FROM json_each(:sources)))
ORDER BY l.at_ns, l.id
LIMIT :size;
