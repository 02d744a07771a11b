-- What outlives the slices: numbers a minute, failures by fingerprint, who sent something and what they say of themselves.
PRAGMA page_size = 4096;
PRAGMA application_id = 1397770573;
PRAGMA user_version = 1;
PRAGMA journal_mode = WAL;

CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    service TEXT NOT NULL,
    method TEXT NOT NULL,
    route TEXT NOT NULL,
    UNIQUE (service, method, route)
);
CREATE TABLE bounds (id INTEGER PRIMARY KEY, bounds TEXT NOT NULL UNIQUE);

-- basis: 0 spans, 1 metrics. buckets: number of a bucket, count, number of a bucket, count …
-- and of spans, -1 and the longest duration in nanoseconds.
-- outcomes: twice the status (0 for none), one more if it failed, count …
CREATE TABLE rollup (
    minute INTEGER NOT NULL,
    series INTEGER NOT NULL,
    basis INTEGER NOT NULL,
    count INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    bounds INTEGER NOT NULL,
    buckets BLOB NOT NULL,
    outcomes BLOB NOT NULL,
    PRIMARY KEY (minute, series, basis)
) WITHOUT ROWID;

-- The last value of each cumulative histogram: what comes next counts from here.
CREATE TABLE cumulative (
    series BLOB PRIMARY KEY,
    start_ns INTEGER NOT NULL,
    at_ns INTEGER NOT NULL,
    observed INTEGER NOT NULL,
    buckets BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE failure (
    fingerprint TEXT NOT NULL,
    service TEXT NOT NULL,
    type TEXT NOT NULL,
    message TEXT NOT NULL,
    place TEXT NOT NULL,
    route TEXT NOT NULL,
    request_id TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    first_ns INTEGER NOT NULL,
    last_ns INTEGER NOT NULL,
    PRIMARY KEY (fingerprint, service)
) WITHOUT ROWID;
CREATE INDEX failure_last ON failure (last_ns);
CREATE TABLE failure_minute (
    minute INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    service TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (minute, fingerprint, service)
) WITHOUT ROWID;

CREATE TABLE instance (
    service TEXT NOT NULL,
    instance TEXT NOT NULL,
    version TEXT NOT NULL,
    first_ns INTEGER NOT NULL,
    last_ns INTEGER NOT NULL,
    PRIMARY KEY (service, instance, version)
) WITHOUT ROWID;
CREATE INDEX instance_last ON instance (last_ns);

CREATE TABLE sender (
    service TEXT NOT NULL,
    instance TEXT NOT NULL,
    version TEXT NOT NULL,
    at_ns INTEGER NOT NULL,
    numbers BLOB NOT NULL,
    PRIMARY KEY (service, instance)
) WITHOUT ROWID;
CREATE INDEX sender_last ON sender (at_ns);
