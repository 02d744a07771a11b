SELECT rowid FROM log_terms WHERE log_terms MATCH :match ORDER BY rowid DESC LIMIT :size;
