INSERT INTO series (service, method, route) VALUES (?, ?, ?) RETURNING id;
