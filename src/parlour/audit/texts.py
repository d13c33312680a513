"""The bounds of an audit row: its length and its lifetime."""

from datetime import timedelta

KEPT_FOR = timedelta(days=90)
TEXT_BYTES = 320


def storable(text: str, most: int = TEXT_BYTES) -> str:
    """Make one line: what people send must not forge lines of a log (CWE-117), nor stop a database.

    `most` is in bytes of UTF-8: a text of emoji is no longer than one of letters.
    """
    line = "".join(letter if letter.isprintable() else "?" for letter in text[:most])
    return line.encode(errors="replace")[:most].decode(errors="ignore")
