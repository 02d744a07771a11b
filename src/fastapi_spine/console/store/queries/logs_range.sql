SELECT
    (SELECT at_ns FROM log INDEXED BY log_time ORDER BY at_ns LIMIT 1),
    (SELECT at_ns FROM log INDEXED BY log_time ORDER BY at_ns DESC LIMIT 1),
    (SELECT max(id) FROM log);
