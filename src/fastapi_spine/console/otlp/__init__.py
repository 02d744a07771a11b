"""OTLP bodies, protobuf or JSON, read into rows within limits; and plain log lines likewise."""
