SELECT severity, logger, attributes FROM log WHERE trace = :trace;
