"""Ways to people: webhooks, Alertmanager, PagerDuty, and whatever Apprise knows."""
