"""What so many sockets need, from measured costs, and a simulation that is held against a real cluster."""
