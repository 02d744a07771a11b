SELECT 1
FROM log AS l INDEXED BY log_trace
CROSS JOIN log_words AS w ON w.rowid = l.id
WHERE l.trace = :trace AND log_words MATCH :match
LIMIT 1;
