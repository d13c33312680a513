"""Rooms, invitations, events, their chat and their attendance."""
