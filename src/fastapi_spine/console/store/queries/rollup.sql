SELECT count, failures, bounds, buckets FROM rollup WHERE minute = ? AND series = ? AND basis = ?;
