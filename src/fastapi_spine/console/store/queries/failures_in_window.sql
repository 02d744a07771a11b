SELECT
    m.minute, m.count, f.fingerprint, f.service, f.type, f.message, f.place, f.route, f.request_id, f.trace_id,
    f.first_ns, f.last_ns
FROM failure_minute AS m
JOIN failure AS f ON f.fingerprint = m.fingerprint AND f.service = m.service
WHERE
    m.minute >= :first AND m.minute < :last
    AND m.count > 0
    AND (:service = '' OR m.service = :service);
