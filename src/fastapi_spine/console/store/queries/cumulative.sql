SELECT start_ns, at_ns, observed, buckets FROM cumulative WHERE series = ?;
