SELECT id FROM request WHERE trace IN (SELECT value FROM json_each(:traces));
