SELECT
    (SELECT max(id) FROM span),
    (SELECT max(id) FROM request),
    (SELECT max(id) FROM log),
    (SELECT max(no) FROM trace),
    (SELECT max(id) FROM named);
