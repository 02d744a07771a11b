SELECT id FROM bounds WHERE bounds = ?;
