INSERT OR REPLACE INTO cumulative (series, start_ns, at_ns, observed, buckets) VALUES (?, ?, ?, ?, ?);
