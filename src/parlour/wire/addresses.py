"""Email addresses: what is one, when two are the same, and how mail servers take them."""

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

import idna

from parlour.wire.characters import is_default_ignorable

if TYPE_CHECKING:
    from email_validator import ValidatedEmail

EMAIL_LENGTH = 254
_LONGEST_KEPT = 320
"""The characters of an address that the memory of parsed ones keeps at most."""

_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")

_DOTS_DO_NOT_COUNT = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}
"""Domains whose mailboxes ignore dots in the local part, and the name they are counted under."""


def parsed_email(text: str) -> str:
    """The address in its normal form (RFC 5321, without quoting or address literals).

    Addresses inside a private network (`ann@office.local`, `bob@localhost`, `cy@nas.home.arpa`) are
    addresses too, but a domain without a dot is more often a slip of the finger. Raises ValueError.
    """
    stripped = text.strip()
    return _parsed(stripped) if len(stripped) > _LONGEST_KEPT else _parsed_lately(stripped)


def _parsed(text: str) -> str:
    try:
        email = _validated(text)
    except ValueError as error:
        raise ValueError("this is not a valid email address") from error
    if not _is_usable(email.ascii_domain) or any(map(is_default_ignorable, email.normalized)):
        raise ValueError("this is not a valid email address")
    # A domain is longer as an A-label, and some characters become three in lower case.
    if max(len(email.normalized), len(email_key(email.normalized))) > EMAIL_LENGTH:
        raise ValueError("this email address is too long")
    return email.normalized


_parsed_lately = lru_cache(maxsize=4096)(_parsed)
"""`_parsed`, and the answers for the addresses that were parsed last: a chat message names its author's."""


def parsed_domain(text: str) -> str:
    """The domain of email addresses as `email_domain` says it. Raises ValueError for what is none."""
    domain = email_domain(parsed_email(f"a@{text}"))
    if "@" in text or not domain:
        raise ValueError("this is not a valid domain of email addresses")
    return domain


def email_domain(email: str) -> str:
    """The domain by which addresses are compared, as an A-label (see `email_key`)."""
    return email_key(email).rpartition("@")[2]


def deliverable_email(email: str) -> str:
    """The address as mail servers take it: an international domain in ASCII (RFC 5891)."""
    parsed = _validated(email)
    return f"{parsed.local_part}@{parsed.ascii_domain}"


def ascii_domain(domain: str) -> str:
    """A domain as mail servers and their certificates write it. Raises ValueError for what is none."""
    if domain.isascii():
        labels = domain.removesuffix(".").split(".")
        if all(_LABEL.fullmatch(label) for label in labels):
            return domain
        raise ValueError("this is not a domain")
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise ValueError("this is not a domain") from error


def email_key(email: str) -> str:
    """Two addresses are the same one where their keys are equal.

    The local part is compared without regard to case, but not case-folded: folding makes `ß` and `ss` one,
    which are two mailboxes. The domain is compared as the A-label that a letter is sent to (IDNA 2008 after
    UTS 46, non-transitional), so that `straße.example` and `strasse.example` stay two. Whatever is no
    address gets a key too, which is no address's.
    """
    local, at, domain = email.rpartition("@")
    return f"{_lower(local)}{at}{_a_label(domain)}"


def mailbox_key(email: str) -> str:
    """The mailbox that an address is presumed to reach, for limits alone: `ann+news@` reaches `ann@`.

    Subaddresses (RFC 5233) are written with `+` nearly everywhere; dots count, except where it is known
    that they do not. Two people who are taken for one share a limit; nothing else follows from it.
    """
    local, at, domain = email_key(email).rpartition("@")
    local = local[: local.find("+", 1)] if "+" in local[1:] else local
    if domain in _DOTS_DO_NOT_COUNT:
        local, domain = local.replace(".", ""), _DOTS_DO_NOT_COUNT[domain]
    return f"{local}{at}{domain}"


def _validated(text: str) -> "ValidatedEmail":
    from parlour.wire.email_syntax import validated

    return validated(text)


def _is_usable(ascii_domain: str) -> bool:
    if ascii_domain == "arpa" or ascii_domain.endswith(".arpa"):
        return ascii_domain.endswith(".home.arpa")
    return "." in ascii_domain or ascii_domain == "localhost"


def _lower(text: str) -> str:
    """Return the text in lower case and NFC: lowering alone may leave sequences that NFC composes."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())


def _a_label(domain: str) -> str:
    if domain.isascii():
        return domain.lower()
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return _lower(domain)
