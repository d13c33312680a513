"""Login sessions: log in, refresh, identify, list, end."""
