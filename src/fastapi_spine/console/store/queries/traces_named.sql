SELECT t.no, t.trace_id, n.request_id, n.id
FROM named AS n
JOIN trace AS t ON t.no = n.trace
WHERE n.key = :key
ORDER BY n.id DESC;
