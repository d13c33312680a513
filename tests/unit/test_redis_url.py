"""What PARLOUR_REDIS_URL says. Wrong ones are in test_settings."""

import pytest

from parlour.redis_url import Login, RedisUrl, RedisUrlError


def test_one_server() -> None:
    assert RedisUrl.parse("redis://localhost") == RedisUrl(
        addresses=(("localhost", 6379),),
        master_name=None,
        is_tls=False,
        database=0,
        login=Login(),
        sentinel_login=Login(),
    )
    url = RedisUrl.parse("rediss://par%3Alour:p%40ss%2Fw@[::1]:6380/3")
    assert url.addresses == (("::1", 6380),)
    assert (url.is_tls, url.database, url.login) == (True, 3, Login("par:lour", "p@ss/w"))


def test_sentinels() -> None:
    url = RedisUrl.parse("redis+sentinel://:secret@one.example.org,[::1]:26380,[fd00::2]/mymaster/2")
    assert url.addresses == (("one.example.org", 26379), ("::1", 26380), ("fd00::2", 26379))
    assert (url.master_name, url.is_tls, url.database) == ("mymaster", False, 2)
    assert (url.login, url.sentinel_login) == (Login(None, "secret"), Login())
    url = RedisUrl.parse("rediss+sentinel://one/my.master?sentinel_username=ann&sentinel_password=a%26b%2B")
    assert (url.master_name, url.is_tls, url.database) == ("my.master", True, 0)
    assert (url.login, url.sentinel_login) == (Login(), Login("ann", "a&b+"))


@pytest.mark.parametrize(
    "url",
    [
        "redis://:hidden@localhost:70000",
        "redis+sentinel://:hidden@localhost/my master",
        "redis+sentinel://localhost/mymaster?sentinel_password=hidden&sentinel_password=hidden",
        "redis+sentinel://localhost/mymaster#hidden",
    ],
)
def test_an_error_does_not_quote_the_url(url: str) -> None:
    with pytest.raises(RedisUrlError) as refused:
        RedisUrl.parse(url)
    assert "hidden" not in str(refused.value)
