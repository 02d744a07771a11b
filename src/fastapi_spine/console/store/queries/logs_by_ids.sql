SELECT l.id, t.trace_id, t.made, l.span_id, l.at_ns, l.severity, l.level, l.body, l.attributes, l.logger, l.source, l.trace
FROM log AS l
LEFT JOIN trace AS t ON t.no = l.trace
WHERE
    l.id IN (SELECT value FROM json_each(:ids))
    AND (l.at_ns, l.id) < (:time, :id)
    AND l.at_ns >= :since
    AND (:sources IS NULL OR l.source IN (SELECT value FROM json_each(:sources)))
    AND (:loggers IS NULL OR l.logger IN (SELECT value FROM json_each(:loggers)))
    AND (:severity_low IS NULL OR l.severity >= :severity_low)
    AND (:severity_high IS NULL OR l.severity <= :severity_high)
ORDER BY l.at_ns DESC, l.id DESC;
