"""OTLP: encode, batch, ship, account. Nothing here ever runs synchronously to a request, but one append."""
