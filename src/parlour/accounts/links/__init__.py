"""Mailed links: their tokens and their rows."""
