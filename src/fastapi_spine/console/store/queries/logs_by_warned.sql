SELECT l.id, t.trace_id, t.made, l.span_id, l.at_ns, l.severity, l.level, l.body, l.attributes, l.logger, l.source, l.trace
FROM log AS l INDEXED BY log_warned
LEFT JOIN trace AS t ON t.no = l.trace
WHERE
    (l.at_ns, l.id) < (:time, :id)
    AND (l.at_ns, l.id) >= (:low_time, :low_id)
    AND l.severity >= 13
    AND (:sources IS NULL OR l.source IN (SELECT value FROM json_each(:sources)))
    AND (:loggers IS NULL OR l.logger IN (SELECT value FROM json_each(:loggers)))
    AND (:severity_low IS NULL OR l.severity >= :severity_low)
    AND (:severity_high IS NULL OR l.severity <= :severity_high)
    AND (
        :words IS NULL
        OR l.id IN (SELECT rowid FROM log_words WHERE log_words MATCH :words AND rowid BETWEEN :low_row AND :high_row)
    )
    AND (
        :terms IS NULL
        OR l.id IN (SELECT rowid FROM log_terms WHERE log_terms MATCH :terms AND rowid BETWEEN :low_row AND :high_row)
    )
    AND (
        :without IS NULL
        OR l.id NOT IN (SELECT rowid FROM log_words WHERE log_words MATCH :without AND rowid BETWEEN :low_row AND :high_row)
    )
ORDER BY l.at_ns DESC, l.id DESC;
