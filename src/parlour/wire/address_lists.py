"""Lists of addresses as mail programs write them: `Ann <ann@example.org>; "Doe, Bob" <bob@example.org>`.

web/src/address-list.ts reads them the same way; tests/unit/wire/address_lists.json is held to by both.
"""

import re
from dataclasses import dataclass, field

from parlour.wire.characters import DEFAULT_IGNORABLE

_SEPARATORS = ",;\r\n\t，；、"
_PIECE = re.compile(
    r'"(?:[^"\\]|\\.){0,100}"|\([^()]{0,300}\)|<[^<>]{0,320}>|\[mailto:[^\[\]]{0,320}\]|'
    rf'[{_SEPARATORS}]|:/|:|[^"(<\[{_SEPARATORS}:]+|.',
    re.DOTALL | re.IGNORECASE,
)
"""The lengths keep the time linear where quotes, comments or brackets are never closed."""
_MAIL_HEADER = re.compile(
    r"[\r\n][ \t]{0,9}(?:bcc|cc|from|reply-to|sender|subject|to)[ \t]{0,9}:", re.IGNORECASE
)
_MAILTO = re.compile(r"^mailto:", re.IGNORECASE)
_UNSEEN = rf"[\s{DEFAULT_IGNORABLE}]+"
_AT_THE_ENDS = re.compile(rf"^{_UNSEEN}|{_UNSEEN}\Z")
_QUOTED = re.compile(r"""^(['"])(.*)\1\Z""", re.DOTALL)


@dataclass(frozen=True)
class Entry:
    """`text` is what stands in the list, `address` is what of it should be an address; it may be none."""

    text: str
    address: str


def address_entries(text: str, *, most: int = 200) -> list[Entry]:
    """Split by RFC 5322 (name-addr, comments, groups), with `;`, lines and tabs as separators too.

    An unquoted comma belongs to a name where `;` separates the entries (`Doe, Bob <bob@example.org>;`).
    What looks like header fields of a mail is one entry, which is no address. Little more than `most`
    entries are read.
    """
    if _MAIL_HEADER.search(text):
        return [Entry(text, text)]
    reader = _Reader()
    for piece in _PIECE.finditer(text):
        reader.take(piece[0])
        if len(reader.entries) > most:
            break
    return reader.finish(text)


@dataclass
class _Reader:
    entries: list[Entry] = field(default_factory=list)
    raw: str = ""
    """The entry so far, as it is written."""
    bare: str = ""
    """The same without comments and the name of a group."""
    commas: set[int] = field(default_factory=set)
    """Entries that end with a comma and hold no `@`: they may be the first part of a name."""
    semicolons: bool = False
    groups: bool = False

    def take(self, piece: str) -> None:
        if piece in _SEPARATORS:
            self.semicolons = self.semicolons or piece in ";；"
            self._close()
            if piece in ",，、" and self.entries and "@" not in self.entries[-1].text:
                self.commas.add(len(self.entries) - 1)
        elif piece == ":" and "@" not in self.bare:
            self.groups = self.groups or self.bare.strip().lower() != "mailto"
            self.raw = self.bare = ""
        elif piece[0] in "<[" and len(piece) > 1:
            self.entries.append(Entry((self.raw + piece).strip(), _stripped(piece[1:-1])))
            self.raw = self.bare = ""
        else:
            self.raw += piece
            self.bare += "" if piece[0] == "(" and len(piece) > 1 else piece

    def _close(self) -> None:
        bare, raw = _AT_THE_ENDS.sub("", self.bare), self.raw.strip()
        self.raw = self.bare = ""
        words = bare.split()
        if len(words) > 1 and all(word.count("@") == 1 for word in words):
            self.entries += [Entry(word, _stripped(word)) for word in words]
        elif bare:
            self.entries.append(Entry(raw, _stripped(bare)))

    def finish(self, text: str) -> list[Entry]:
        self._close()
        if self.semicolons and not self.groups:
            parts = {index for index in self.commas if self._begins_a_name(index)}
            self.entries = [entry for index, entry in enumerate(self.entries) if index not in parts]
        return self.entries or [Entry(text, text)]

    def _begins_a_name(self, index: int) -> bool:
        following = self.entries[index + 1 : index + 2]
        return bool(following) and following[0].text.endswith(">") and not following[0].text.startswith("<")


def _stripped(address: str) -> str:
    """Strip what stands around an address: invisible text, quotes, `mailto:`, the end of a sentence."""
    address = _MAILTO.sub("", _AT_THE_ENDS.sub("", address))
    return _QUOTED.sub(r"\2", address).rstrip(".")
