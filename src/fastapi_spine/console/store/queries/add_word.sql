INSERT INTO word (id, text) VALUES (?, ?);
