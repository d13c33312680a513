"""Measurements of the real `parlour serve` from outside, beside Node's socket.io: `make bench`."""
