INSERT INTO log_words (rowid, body, error) SELECT id, body, error FROM log WHERE id > ?;
