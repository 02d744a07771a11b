"""How numbers are written down: Prometheus text, OpenMetrics, and which of them a reader wants."""
