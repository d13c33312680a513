"""Where a node's connections to Redis lead."""

from parlour.cluster.redis.wire import WireOptions
from parlour.redis_client import RedisMaster


def test_the_password_is_used_but_not_shown() -> None:
    """The representation of an object comes into logs and tracebacks sooner or later."""
    url = "rediss://parlour:hidden-word@redis.example.org:6380/2"
    options = WireOptions.of(RedisMaster.of(url, seconds=1.0))
    assert b"hidden-word" in options.greeting[0]
    assert "hidden-word" not in repr(options) and "hidden-word" not in repr(options.master.url)
    assert "redis.example.org" in repr(options.master.url)
