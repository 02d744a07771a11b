INSERT INTO log_terms (rowid, terms) VALUES (?, ?);
