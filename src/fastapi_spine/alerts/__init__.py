"""When a human should be woken: objectives, error budgets, burn rates and alert states. Pure arithmetic, no I/O."""
