DELETE FROM sender WHERE at_ns < ?;
