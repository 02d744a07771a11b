INSERT OR REPLACE INTO failure (
    fingerprint, service, type, message, place, route, request_id, trace_id, first_ns, last_ns
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?);
