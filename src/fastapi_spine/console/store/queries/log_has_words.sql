SELECT 1 FROM log_words WHERE log_words MATCH :match AND rowid = :id;
