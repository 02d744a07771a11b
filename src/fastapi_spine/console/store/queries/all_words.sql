SELECT id, text FROM word WHERE id > :id ORDER BY id;
