"""Calls: the members of each room's call, and the messages that introduce peers to each other."""
