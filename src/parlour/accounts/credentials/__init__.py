"""Changes of an account's password, email and display name, and its deletion."""
