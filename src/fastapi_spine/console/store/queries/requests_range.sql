SELECT
    (SELECT start_ns FROM request INDEXED BY request_time ORDER BY start_ns LIMIT 1),
    (SELECT start_ns FROM request INDEXED BY request_time ORDER BY start_ns DESC LIMIT 1),
    (SELECT max(id) FROM request);
