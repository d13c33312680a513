"""The CPU time of TURN servers for what they relay."""
