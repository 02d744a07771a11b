SELECT id FROM log WHERE trace IN (SELECT value FROM json_each(:traces));
