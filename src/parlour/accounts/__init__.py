"""Accounts of clients and guests: registration, login sessions, credentials, mailed links and tokens."""
