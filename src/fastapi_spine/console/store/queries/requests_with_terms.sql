SELECT rowid FROM request_terms WHERE request_terms MATCH :match ORDER BY rowid DESC LIMIT :size;
