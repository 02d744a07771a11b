INSERT OR REPLACE INTO sender (service, instance, version, at_ns, numbers) VALUES (?, ?, ?, ?, ?);
