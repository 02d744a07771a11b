INSERT OR REPLACE INTO rollup (minute, series, basis, count, failures, bounds, buckets, outcomes)
VALUES (?, ?, ?, ?, ?, ?, ?, ?);
