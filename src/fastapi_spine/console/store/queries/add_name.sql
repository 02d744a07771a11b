INSERT INTO named (key, trace, request_id) VALUES (?, ?, ?);
