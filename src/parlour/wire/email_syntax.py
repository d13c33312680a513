"""The syntax of email addresses, as the library checks it; imported at the first address, since its patterns
take 20 ms to compile.
"""

from email_validator import SPECIAL_USE_DOMAIN_NAMES, ValidatedEmail, validate_email

# Reserved on the internet, in use inside networks of one's own; the library is told by this list alone.
# `arpa` gives way for `home.arpa` (RFC 8375), the rest of it is refused in `addresses`.
for _private in ("arpa", "local", "localhost", "test"):
    if _private in SPECIAL_USE_DOMAIN_NAMES:
        SPECIAL_USE_DOMAIN_NAMES.remove(_private)


def validated(text: str) -> ValidatedEmail:
    """Raise EmailNotValidError, a ValueError, for what is no address."""
    return validate_email(text, check_deliverability=False, globally_deliverable=False)
