SELECT no, trace_id FROM trace WHERE key = ?;
