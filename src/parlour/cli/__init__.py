"""The administrator's commands, beside `serve`."""
