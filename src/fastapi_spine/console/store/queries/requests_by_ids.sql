SELECT s.id, t.trace_id, s.span_id, s.parent_id, s.name, s.kind, s.start_ns, s.end_ns, s.status, s.message,
    s.attributes, s.events, s.links, s.scope, s.source, s.trace
FROM request AS s
JOIN trace AS t ON t.no = s.trace
WHERE
    s.id IN (SELECT value FROM json_each(:ids))
    AND (s.start_ns, s.id) < (:time, :id)
    AND s.start_ns >= :since
    AND (:sources IS NULL OR s.source IN (SELECT value FROM json_each(:sources)))
    AND (:methods IS NULL OR s.method IN (SELECT value FROM json_each(:methods)))
    AND (:routes IS NULL OR s.route IN (SELECT value FROM json_each(:routes)))
    AND (:status_low IS NULL OR s.http_status >= :status_low)
    AND (:status_high IS NULL OR s.http_status <= :status_high)
    AND (:duration_low IS NULL OR s.duration_ns >= :duration_low)
    AND (:duration_high IS NULL OR s.duration_ns <= :duration_high)
    AND (:failed IS NULL OR s.failed = :failed)
ORDER BY s.start_ns DESC, s.id DESC;
