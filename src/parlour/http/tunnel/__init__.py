"""Connections that are passed on to an SFU: one port and one certificate do for signaling and media."""
