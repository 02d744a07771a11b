-- One slice of time. Rows are only ever added; the whole file goes when its time has come.
-- Ids grow with arrival. `word` holds texts that repeat: a column that refers to it has a number, or,
-- once there are too many words, the text itself.
PRAGMA page_size = 8192;
PRAGMA application_id = 1397770574;
PRAGMA user_version = 1;
PRAGMA journal_mode = WAL;

CREATE TABLE source (
    id INTEGER PRIMARY KEY,
    service TEXT NOT NULL,
    instance TEXT NOT NULL,
    version TEXT NOT NULL,
    attributes BLOB NOT NULL
);
CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT NOT NULL);

-- Random ids are looked up by their first eight bytes, which keeps the one index that grows at random small.
-- `made`: the id is derived from a request id, because the sender knows no traces.
CREATE TABLE trace (no INTEGER PRIMARY KEY, key INTEGER NOT NULL, trace_id BLOB NOT NULL, made INTEGER NOT NULL);
CREATE INDEX trace_key ON trace (key);
CREATE TABLE named (id INTEGER PRIMARY KEY, key INTEGER NOT NULL, trace INTEGER NOT NULL, request_id TEXT NOT NULL);
CREATE INDEX named_key ON named (key);

CREATE TABLE span (
    id INTEGER PRIMARY KEY,
    trace INTEGER NOT NULL,
    span_id BLOB NOT NULL,
    parent_id BLOB NOT NULL,
    name NOT NULL,
    kind INTEGER NOT NULL,
    start_ns INTEGER NOT NULL,
    end_ns INTEGER NOT NULL,
    status INTEGER NOT NULL,
    message TEXT NOT NULL,
    attributes BLOB,
    events BLOB,
    links BLOB,
    scope NOT NULL,
    source INTEGER NOT NULL
);
CREATE INDEX span_trace ON span (trace);

-- Spans of servers. The columns at the end repeat what the attributes say, for searches.
CREATE TABLE request (
    id INTEGER PRIMARY KEY,
    trace INTEGER NOT NULL,
    span_id BLOB NOT NULL,
    parent_id BLOB NOT NULL,
    name NOT NULL,
    kind INTEGER NOT NULL,
    start_ns INTEGER NOT NULL,
    end_ns INTEGER NOT NULL,
    status INTEGER NOT NULL,
    message TEXT NOT NULL,
    attributes BLOB,
    events BLOB,
    links BLOB,
    scope NOT NULL,
    source INTEGER NOT NULL,
    method NOT NULL,
    route NOT NULL,
    http_status INTEGER,
    duration_ns INTEGER NOT NULL,
    failed INTEGER NOT NULL
);
CREATE INDEX request_trace ON request (trace);
CREATE INDEX request_time ON request (start_ns, id, source, method, route, http_status, duration_ns, failed);
CREATE INDEX request_failed ON request (start_ns, id, failed) WHERE failed = 1;
CREATE INDEX request_route ON request (route, start_ns, id);

CREATE TABLE log (
    id INTEGER PRIMARY KEY,
    trace INTEGER,
    span_id BLOB NOT NULL,
    at_ns INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    level NOT NULL,
    body TEXT NOT NULL,
    error TEXT,
    attributes BLOB,
    logger NOT NULL,
    source INTEGER NOT NULL
);
CREATE INDEX log_trace ON log (trace);
CREATE INDEX log_time ON log (at_ns, id, severity, source, logger);
CREATE INDEX log_warned ON log (at_ns, id, severity) WHERE severity >= 13;

-- Words of messages and of exceptions' messages; `key=value` of attributes.
CREATE VIRTUAL TABLE log_words USING fts5 (
    body, error, content = 'log', content_rowid = 'id', columnsize = 0, tokenize = "unicode61 tokenchars '_'"
);
CREATE VIRTUAL TABLE log_terms USING fts5 (
    terms, content = '', columnsize = 0, detail = none, tokenize = "ascii tokenchars '=._-/:%@+'"
);
CREATE VIRTUAL TABLE request_terms USING fts5 (
    terms, content = '', columnsize = 0, detail = none, tokenize = "ascii tokenchars '=._-/:%@+'"
);
