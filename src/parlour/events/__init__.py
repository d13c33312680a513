"""Event rooms: who attended, and when."""
