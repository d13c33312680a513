"""Where a node's connections to Redis lead."""

from parlour.cluster.redis.wire import WireOptions


def test_the_password_is_used_but_not_shown() -> None:
    """The representation of an object comes into logs and tracebacks sooner or later."""
    options = WireOptions.of("rediss://parlour:hidden-word@redis.example.org:6380/2")
    assert b"hidden-word" in options.greeting[0]
    assert "redis.example.org" in repr(options) and "hidden-word" not in repr(options)
