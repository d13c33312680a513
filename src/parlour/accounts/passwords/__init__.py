"""Password hashing and checking, throttled and scheduled fairly."""
