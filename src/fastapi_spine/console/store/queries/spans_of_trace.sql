SELECT s.id, t.trace_id, s.span_id, s.parent_id, s.name, s.kind, s.start_ns, s.end_ns, s.status, s.message,
    s.attributes, s.events, s.links, s.scope, s.source, s.trace
FROM span AS s
JOIN trace AS t ON t.no = s.trace
WHERE s.trace = :trace;
