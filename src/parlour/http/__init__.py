"""HTTP: the layers around every request, and the server's own routes."""
