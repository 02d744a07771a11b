DELETE FROM cumulative WHERE at_ns < ?;
