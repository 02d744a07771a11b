SELECT type, message, place, route, request_id, trace_id, first_ns, last_ns FROM failure WHERE fingerprint = ? AND service = ?;
