"""The console: a program of its own that receives telemetry, keeps it, and shows one request whole.

It is never imported by an observed application, and imports nothing of what observes: it shows any OTLP source.
"""
