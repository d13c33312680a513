"""Recordings that the server makes of calls: who starts one, who has consented, their files and their end."""
