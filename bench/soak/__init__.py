"""Thousands of connections that stand for minutes, on one process or on several."""
