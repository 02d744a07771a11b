SELECT service, instance, version, at_ns, numbers
FROM sender INDEXED BY sender_last
ORDER BY at_ns DESC
LIMIT 1000;
