"""The commands for whoever runs the server, beside `serve`."""
