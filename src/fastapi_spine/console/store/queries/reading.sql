PRAGMA query_only = 1;
PRAGMA cache_size = -2048;
PRAGMA temp_store = MEMORY;
PRAGMA busy_timeout = 1000;
PRAGMA trusted_schema = 0;
