"""All known ways to stop a server at once, against people who only want to talk."""
