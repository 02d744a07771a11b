INSERT INTO source (id, service, instance, version, attributes) VALUES (?, ?, ?, ?, ?);
