INSERT INTO trace (no, key, trace_id, made) VALUES (?, ?, ?, ?);
