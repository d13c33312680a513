"""Argon2id for new hashes; bcrypt as other systems store it."""

import os
import threading
import time
from collections.abc import Iterator

import argon2
import bcrypt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from parlour.accounts.passwords.hashing import Passwords, Verdict, _verify_bcrypt

RIGHT, WRONG = Verdict(right=True), Verdict(right=False)
OUTDATED = Verdict(right=True, outdated=True)


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    passwords = Passwords()
    yield passwords
    passwords.close()


def bcrypt_hash(password: bytes, prefix: bytes = b"2b") -> str:
    hashed = bcrypt.hashpw(password, bcrypt.gensalt(rounds=4, prefix=b"2b"))
    return hashed.replace(b"$2b$", b"$" + prefix + b"$", 1).decode()


async def test_new_hashes_are_argon2id_with_parameters_of_owasp(passwords: Passwords) -> None:
    hashed = await passwords.hash("correct horse battery")
    assert hashed.startswith("$argon2id$v=19$m=47104,t=1,p=1$")
    parameters = argon2.extract_parameters(hashed)
    assert (parameters.salt_len, parameters.hash_len) == (16, 32)


async def test_each_hash_has_a_salt_of_its_own(passwords: Passwords) -> None:
    assert await passwords.hash("correct horse") != await passwords.hash("correct horse")


@pytest.mark.parametrize("password", ["pässwörd ☃ 🐎", " p\n" * 42])
async def test_a_password_fits_its_hash_alone(passwords: Passwords, password: str) -> None:
    hashed = await passwords.hash(password)
    assert await passwords.verify(password, hashed) == RIGHT
    assert await passwords.verify(password + "!", hashed) == WRONG


async def test_long_passwords_differ_after_72_bytes(passwords: Passwords) -> None:
    hashed = await passwords.hash("p" * 72 + "one")
    assert await passwords.verify("p" * 72 + "two", hashed) == WRONG


async def test_weaker_argon2_is_outdated(passwords: Passwords) -> None:
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("correct horse")
    assert await passwords.verify("correct horse", weak) == OUTDATED
    assert await passwords.verify("wrong horse", weak) == WRONG


@pytest.mark.parametrize("prefix", [b"2a", b"2b", b"2y"])
async def test_bcrypt_verifies_and_is_outdated(passwords: Passwords, prefix: bytes) -> None:
    hashed = bcrypt_hash("pässword".encode(), prefix)
    assert await passwords.verify("pässword", hashed) == OUTDATED
    assert not (await passwords.verify("password", hashed)).right


@pytest.mark.parametrize(
    ("password", "hashed"),
    [
        # OpenWall's test vectors of crypt_blowfish.
        ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        ("U*U*", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"),
        ("", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy"),
        # As libxcrypt, which PHP uses, computes it.
        ("rasmuslerdorf", "$2y$07$BCryptRequires22Chrcte/VlQH0piJtjXl.0t1XkA8pw9dMXTpOq"),
    ],
)
async def test_bcrypt_of_other_systems(passwords: Passwords, password: str, hashed: str) -> None:
    assert await passwords.verify(password, hashed) == OUTDATED


@pytest.mark.parametrize("length", [71, 72, 73, 128])
async def test_bcrypt_reads_72_bytes_as_others_did(passwords: Passwords, length: int) -> None:
    password = "p" * length
    hashed = bcrypt_hash(password.encode()[:72])
    assert await passwords.verify(password, hashed) == OUTDATED
    assert (await passwords.verify("p" * 70, hashed)).right is False


async def test_bcrypt_cuts_within_a_character(passwords: Passwords) -> None:
    password = "p" * 71 + "é"
    assert await passwords.verify(password, bcrypt_hash(password.encode()[:72])) == OUTDATED


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "plain text",
        "$2b$",
        "$2b$12$",
        "$2b$12$short",
        "$2b$99$" + "a" * 53,
        "$2b$12$" + "é" * 53,
        "$2y$12$" + "!" * 53,
        "$2b$04$" + "a" * 80,
        "$argon2id$",
        "$argon2id$v=19$m=65536,t=3,p=4$",
        "$argon2id$v=19$m=65536,t=3,p=4$é$é",
        "$argon2id$v=19$m=0,t=0,p=0$c29tZXNhbHQ$aGFzaA",
        "$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ",
        "$pbkdf2$",
        "☃",
        "\0",
    ],
)
async def test_what_is_no_hash_fits_no_password(passwords: Passwords, garbage: str) -> None:
    for password in ("", "correct horse", garbage):
        assert not (await passwords.verify(password, garbage)).right


@given(
    password=st.text(max_size=80),
    prefix=st.sampled_from(["$2a$04$", "$2b$04$", "$2y$04$", "$2x$04$", "$2b$"]),
    rest=st.text(alphabet="ab./0$é\0", max_size=60),
)
@example(password="\0", prefix="$2b$04$", rest="a" * 53)
def test_odd_bcrypt_is_answered(password: str, prefix: str, rest: str) -> None:
    assert _verify_bcrypt(password, prefix + rest) in (True, False)


async def test_nobody_takes_as_long_as_somebody(passwords: Passwords) -> None:
    hashed = await passwords.hash("correct horse")
    await passwords.verify_nobody("first, to make the decoy")
    somebody = min([await timed(passwords, hashed) for _ in range(3)])
    nobody = min([await timed(passwords, None) for _ in range(3)])
    assert nobody > somebody / 2
    assert somebody > nobody / 2


async def timed(passwords: Passwords, hashed: str | None) -> float:
    """In seconds of the processor, which does not depend on what else the machine does."""
    begun = time.process_time()
    if hashed is None:
        await passwords.verify_nobody("wrong horse")
    else:
        await passwords.verify("wrong horse", hashed)
    return time.process_time() - begun


async def test_the_event_loop_goes_before_the_threads_that_hash(passwords: Passwords) -> None:
    nice = await passwords._in_thread(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
    assert nice > os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
