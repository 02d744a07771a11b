DELETE FROM instance WHERE last_ns < ?;
