"""Calls: who is in which room's call, and the messages that introduce peers to each other."""
