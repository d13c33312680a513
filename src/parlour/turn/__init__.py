"""STUN and TURN: a client, and a server that runs beside Parlour."""
