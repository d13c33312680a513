"""Parts of docs/performance.md that commands of their own measure.

Each is kept in a file, from which `make bench` takes it when it writes the page anew.
"""

import re
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


class KeptSection:
    """A section that `command` writes into `file`, and into the page between two comments."""

    def __init__(self, file: Path, *, command: str) -> None:
        self._file = file
        self._begin = f"<!-- Measured by `{command}`. -->"
        self._end = f"<!-- The end of what `{command}` measured. -->"

    def measured(self) -> str:
        """Return the section of the latest run that was kept, between its marks."""
        return self._marked(self._file.read_text(encoding="utf-8"))

    def write(self, text: str) -> None:
        """Keep the section, and put it into the page."""
        self._file.write_text(f"{text}\n", encoding="utf-8")
        path = DOCS / "performance.md"
        former = re.compile(f"{re.escape(self._begin)}.*{re.escape(self._end)}", re.DOTALL)
        page = former.sub(lambda _: self._marked(text), path.read_text(encoding="utf-8"))
        path.write_text(page, encoding="utf-8")

    def _marked(self, text: str) -> str:
        return f"{self._begin}\n\n{text.strip()}\n\n{self._end}"
