"""HTTP: what every request passes, and the server's own routes."""
