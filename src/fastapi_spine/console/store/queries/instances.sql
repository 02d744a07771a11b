SELECT service, instance, version, first_ns, last_ns
FROM instance INDEXED BY instance_last
WHERE last_ns >= :start AND first_ns < :end
ORDER BY last_ns DESC
LIMIT 1000;
