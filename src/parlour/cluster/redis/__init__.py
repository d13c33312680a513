"""A cluster whose nodes meet in Redis (docs/adr/0013): imported only where a Redis is set."""
