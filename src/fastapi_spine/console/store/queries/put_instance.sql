INSERT INTO instance (service, instance, version, first_ns, last_ns) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET first_ns = min(first_ns, excluded.first_ns), last_ns = max(last_ns, excluded.last_ns);
