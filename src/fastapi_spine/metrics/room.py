"""The room: furnishes counting, measuring, sharing and showing from settings."""
