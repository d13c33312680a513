"""Password hashes: Argon2id (RFC 9106) for new hashes; bcrypt hashes of other systems verify too."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TypeVar

import bcrypt
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from parlour.accounts.identity import RequestSource
from parlour.accounts.passwords.common import common_passwords
from parlour.accounts.passwords.hashing_slots import HashingSlots
from parlour.errors import FieldError, InvalidRequest
from parlour.wire.base import PASSWORD_LENGTH

_BCRYPT_PREFIXES = ("$2a$", "$2b$", "$2y$", "$2x$")
_BCRYPT_BYTES = 72

MEMORY_KIB = 46 * 1024
"""OWASP's first recommended setting, together with one pass and one lane: some 50 ms of a core."""
NICENESS = 1
"""The nice value of the threads. More would starve logins beside other programs that are busy."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a check; `outdated` asks for a new hash, since this hash is weaker than today's."""

    right: bool
    outdated: bool = False


class Passwords:
    """Hashes in its own threads, one fewer than cores so that signaling never waits (some 50 ms each).

    A request waits for a turn first: `hash` takes a turn itself, `verify` expects the caller to hold one.
    """

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=1, memory_cost=MEMORY_KIB, parallelism=1)
        threads = max(1, (os.cpu_count() or 2) - 1)
        self._threads = ThreadPoolExecutor(
            max_workers=threads, thread_name_prefix="passwords", initializer=_lower_priority
        )
        self._turns = HashingSlots(slots=threads)
        self._decoy: str | None = None
        self._common: frozenset[str] | None = None

    @property
    def waiting(self) -> int:
        """Requests that wait for their turn."""
        return self._turns.waiting

    def turn(
        self, source: RequestSource | None, *, subject: str = "", known: bool = False
    ) -> AbstractAsyncContextManager[None]:
        """Wait for the right to use a thread; `source` is None for the command line. Raises Busy."""
        return self._turns.turn(source, subject=subject, known=known)

    async def hash(self, password: str, source: RequestSource | None = None, *, known: bool = False) -> str:
        """Hash a password in a turn of its own. Raises Busy."""
        async with self.turn(source, known=known):
            return await self._in_thread(lambda: self._hasher.hash(password))

    async def verify(self, password: str, password_hash: str) -> Verdict:
        return await self._in_thread(lambda: self._verify(password, password_hash))

    async def verify_nobody(self, password: str) -> Verdict:
        """Take as long as for a wrong password, so that timing does not reveal which accounts exist."""
        await self._in_thread(lambda: self._verify(password, self._decoy_hash()))
        return Verdict(right=False)

    async def require_uncommon(self, password: str, *, field: str) -> None:
        """Raise InvalidRequest, which names the field, for one of the most common passwords."""
        if self._common is None:
            shortest, _ = PASSWORD_LENGTH
            self._common = await self._in_thread(lambda: common_passwords(shortest=shortest))
        if password.lower() in self._common:
            raise InvalidRequest(fields=(FieldError.coded(field, "common_password"),))

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _decoy_hash(self) -> str:
        if self._decoy is None:
            self._decoy = self._hasher.hash(os.urandom(16).hex())
        return self._decoy

    def _verify(self, password: str, password_hash: str) -> Verdict:
        if password_hash.startswith(_BCRYPT_PREFIXES):
            return Verdict(right=_verify_bcrypt(password, password_hash), outdated=True)
        try:
            self._hasher.verify(password_hash, password)
        except (VerificationError, ValueError):  # a wrong password; a malformed hash
            return Verdict(right=False)
        return Verdict(right=True, outdated=self._hasher.check_needs_rehash(password_hash))


def _lower_priority() -> None:
    """Have the kernel wake the event loop's thread at once where this thread shares its core with it.

    Between equals the loop would wait for the rest of a time slice, some 3 ms. Linux alone has a nice value
    for each thread (sched(7)).
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def _verify_bcrypt(password: str, password_hash: str) -> bool:
    """Verify bcrypt, which reads 72 bytes; `$2y$` and `$2x$` are PHP's names of `$2b$` and `$2a$`."""
    renamed = password_hash.replace("$2y$", "$2b$", 1).replace("$2x$", "$2a$", 1)
    try:
        return bcrypt.checkpw(password.encode()[:_BCRYPT_BYTES], renamed.encode())
    except ValueError:
        return False
