"""The only package that knows Socket.IO: packets become use cases, messages become packets."""
