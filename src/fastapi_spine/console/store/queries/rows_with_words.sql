SELECT rowid FROM log_words WHERE log_words MATCH :match ORDER BY rowid DESC LIMIT :size;
