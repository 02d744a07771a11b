"""How records come in: from logging, structlog, loguru, warnings and uncaught exceptions."""
