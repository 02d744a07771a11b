SELECT id FROM series WHERE service = ? AND method = ? AND route = ?;
