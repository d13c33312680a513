"""The adapter between Socket.IO and calls: packets become calls of use cases, messages become packets."""
