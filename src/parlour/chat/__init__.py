"""Chat messages, kept with their room."""
