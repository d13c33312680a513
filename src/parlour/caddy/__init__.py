"""Caddy, the web server that gets certificates by ACME: it runs in front of Parlour."""
