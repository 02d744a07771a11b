"""What other people's programs are given: rules for Prometheus, routes for Alertmanager. Text in, text out."""
