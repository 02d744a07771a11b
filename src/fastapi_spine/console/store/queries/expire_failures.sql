DELETE FROM failure WHERE last_ns < ?;
