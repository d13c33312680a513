"""The cookie `jwt` among whatever other programs of the same host have left in the browser."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parlour.accounts.cookies import session_token


@pytest.mark.parametrize(
    "others",
    [
        'prefs={"a":1,"b":[2,3]}',
        "list[0]=x",
        "grüße=schön",
        "name=a=b==",
        "no-equals-sign",
        "=no-name",
        'open="quote',
        "a=b,c=d",
        "\x01\x7f=\xff",
        "jwt2=no",
        "JWT=no",
        "xjwt=no",
        "jwt",
        "jwt=",
        "$Version=1",
        "expires=Thu, 01 Jan 1970 00:00:00 GMT",
        ";;; ;",
        "a" * 20_000,
    ],
)
def test_other_cookies_do_not_matter(others: str) -> None:
    for header in (
        f"{others}; jwt=abc.d-e_f",
        f"jwt=abc.d-e_f; {others}",
        f"{others};jwt=abc.d-e_f;{others}",
    ):
        assert session_token(header) == "abc.d-e_f"


def test_what_there_is_none_of() -> None:
    for header in (None, "", "other=1", "jwt", "jwt=", 'jwt=""', "jwt=;jwt="):
        assert session_token(header) is None


def test_the_first_counts_and_quotes_do_not() -> None:
    assert session_token("jwt=first; jwt=second") == "first"
    assert session_token('a=1; \tjwt = "first" ; b=2') == "first"
    assert session_token("jwt=a=b") == "a=b"


@given(st.text(st.characters(codec="latin-1", exclude_characters=";")))
def test_whatever_one_other_cookie_holds(text: str) -> None:
    assert session_token(f"other={text}; jwt=abc") == "abc"
