"""Who people are: clients, guests, verification, sessions and tokens."""
