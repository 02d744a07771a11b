SELECT DISTINCT trace FROM log WHERE id IN (SELECT value FROM json_each(:ids)) AND trace IS NOT NULL;
