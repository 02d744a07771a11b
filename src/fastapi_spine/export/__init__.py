"""OTLP: encode, batch, ship, account. Beside a request runs an append, and with one of 32 the encoding of them all."""
