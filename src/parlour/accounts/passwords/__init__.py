"""Hashing and checking passwords, throttled and in fair turns."""
