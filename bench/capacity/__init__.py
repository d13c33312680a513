"""The needs of many sockets, from measured costs, and a simulation that is held against a real cluster."""
