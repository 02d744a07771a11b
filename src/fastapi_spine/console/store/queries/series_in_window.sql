SELECT r.minute, s.service, s.method, s.route, r.basis, r.count, r.failures, r.bounds, r.buckets, r.outcomes
FROM rollup AS r
JOIN series AS s ON s.id = r.series
WHERE
    r.minute >= :first AND r.minute < :last
    AND (:service = '' OR s.service = :service);
