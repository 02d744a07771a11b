INSERT INTO bounds (bounds) VALUES (?) RETURNING id;
