INSERT INTO failure_minute (minute, fingerprint, service, count) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET count = max(0, count + excluded.count);
