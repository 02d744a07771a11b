INSERT INTO request_terms (rowid, terms) VALUES (?, ?);
