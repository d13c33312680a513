"""Build every limit that counts in the shared storage from the allowances of the settings."""

from limits import RateLimitItemPerHour, RateLimitItemPerMinute

from parlour.limits.memory_counts import RateLimitStorage
from parlour.limits.password_throttle import PasswordThrottle
from parlour.limits.quotas import Allowances, MailQuota, Quota


class RateLimits:
    """Quotas of people and addresses, and the throttles of passwords.

    `failures` is a separate storage: requests that cost an attacker little cannot evict the counts of wrong
    passwords from it.
    """

    def __init__(
        self, *, storage: RateLimitStorage, failures: RateLimitStorage, allowances: Allowances
    ) -> None:
        self._failures = failures
        self._allowances = allowances
        self.mails = MailQuota(storage, allowances)
        self.rooms = Quota(storage, RateLimitItemPerHour(allowances.rooms_per_person, namespace="rooms"))
        self.messages = Quota(
            storage, RateLimitItemPerMinute(allowances.messages_per_person, namespace="messages")
        )
        self.writes = Quota(storage, RateLimitItemPerMinute(allowances.writes_per_person, namespace="writes"))
        self.link_lookups = Quota(
            storage, RateLimitItemPerMinute(allowances.links_per_address, namespace="links")
        )

    def password_throttle(self, name: str) -> PasswordThrottle:
        """Return the throttle of a kind of password, such as `login`: each kind has counts of its own."""
        return PasswordThrottle(self._failures, self._allowances, name=name)
