SELECT (SELECT max(id) FROM request), (SELECT max(id) FROM span), (SELECT max(id) FROM log);
