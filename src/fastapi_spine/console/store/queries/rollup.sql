SELECT count, failures, bounds, buckets, outcomes FROM rollup WHERE minute = ? AND series = ? AND basis = ?;
