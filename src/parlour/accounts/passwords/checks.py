"""The one way to look at a password that somebody gives: throttled, and in turn."""

from parlour.accounts.identity import RequestSource, UserId
from parlour.accounts.passwords.hashing import Passwords, Verdict
from parlour.limits.login_throttle import Guess, PasswordThrottle
from parlour.limits.quotas import rate_limit_prefix


class PasswordChecks:
    """Between the throttle, which says who may try, and the hasher, which has few threads."""

    def __init__(self, passwords: Passwords, throttle: PasswordThrottle) -> None:
        self.passwords = passwords
        self._throttle = throttle

    async def check(
        self, password: str, password_hash: str | None, *, guess: Guess, source: RequestSource
    ) -> Verdict:
        """Whether it is right; what is wrong counts. `password_hash` is None for an account that is none.

        Whoever has to wait is refused before a turn is asked for, and again when it has come, so that no
        refused guess costs a hash. Raises RateLimited or Busy.
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
    """What wrong passwords of an account are counted under, wherever they are given."""
    return f"user {user_id}"


def address_guess(target: str, source: RequestSource) -> Guess:
    guesser = f"{target} from {rate_limit_prefix(source.address)}"
    return Guess(target=target, guesser=guesser, address=source.address)


def trusted_guess(target: str, guesser: str) -> Guess:
    """By a known device, or by somebody who is logged in already."""
    return Guess(target=target, guesser=f"{target} by {guesser}", address=None)
