"""A client account's password, email, name and end."""
