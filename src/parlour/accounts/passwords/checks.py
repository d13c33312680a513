"""The only way to check a password: throttled, and scheduled fairly."""

from parlour.accounts.identity import RequestSource, UserId
from parlour.accounts.passwords.hashing import Passwords, Verdict
from parlour.limits.password_throttle import Guess, PasswordThrottle
from parlour.limits.quotas import rate_limit_prefix


class PasswordChecks:
    """Combines the throttle, which limits guesses, with the hasher, which has few threads."""

    def __init__(self, passwords: Passwords, throttle: PasswordThrottle) -> None:
        self.passwords = passwords
        self._throttle = throttle

    async def check(
        self, password: str, password_hash: str | None, *, guess: Guess, source: RequestSource
    ) -> Verdict:
        """Verify a password and count a wrong guess; `password_hash` is None if there is no such account.

        The throttle is checked before queueing for a turn and again when the turn comes, so that no refused
        guess costs a hash. Raises RateLimited or Busy.
        """
        await self._throttle.require(guess)
        async with self.passwords.turn(source, subject=guess.target, known=guess.address is None):
            await self._throttle.begin(guess)
            if password_hash is None:
                verdict = await self.passwords.verify_nobody(password)
            else:
                verdict = await self.passwords.verify(password, password_hash)
            await self._throttle.still_allowed(guess)
            if verdict.right:
                await self._throttle.succeeded(guess)
            else:
                await self._throttle.failed(guess)
        return verdict


def guessed_account(user_id: UserId) -> str:
    """Return the key under which wrong passwords of an account are counted, in all use cases."""
    return f"user {user_id}"


def address_guess(target: str, source: RequestSource) -> Guess:
    guesser = f"{target} from {rate_limit_prefix(source.address)}"
    return Guess(target=target, guesser=guesser, address=source.address)


def trusted_guess(target: str, guesser: str) -> Guess:
    """Describe a guess by a known device or by a live session, which is not throttled by its address."""
    return Guess(target=target, guesser=f"{target} by {guesser}", address=None)
