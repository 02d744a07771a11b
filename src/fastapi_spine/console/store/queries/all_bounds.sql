SELECT id, bounds FROM bounds;
