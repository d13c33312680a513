"""Login sessions: begun, refreshed, listed, ended."""
