SELECT l.id, t.trace_id, t.made, l.span_id, l.at_ns, l.severity, l.level, l.body, l.attributes, l.logger, l.source, l.trace
FROM log AS l
JOIN trace AS t ON t.no = l.trace
WHERE l.trace = :trace;
