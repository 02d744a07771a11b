"""How a line looks: strict JSON in four schemas, or text for people; and how exceptions become text."""
