"""What became of the files that a run read, counted by their formats."""

from __future__ import annotations

from collections import Counter

from citeqa.index.types import Document, FormatReport, Skipped, Warned


class Tally:
    """Counts documents as a run puts them, leaves them or skips them. What no file holds is not counted."""

    def __init__(self) -> None:
        self._read, self._unchanged = Counter[str | None](), Counter[str | None]()
        self._refused, self._warned = Counter[str | None](), Counter[str | None]()
        self.warnings: list[Warned] = []

    def put(self, document: Document, *, unchanged: bool) -> None:
        """Count a document that was read."""
        if (read := document.read) is None:
            return
        (self._unchanged if unchanged else self._read)[read.format] += 1
        self._warned[read.format] += len(read.notes)
        self.warnings += [Warned(read.name, note, read.format) for note in read.notes]

    def leave(self, count: int, format_name: str) -> None:
        """Count documents that stay as they are without being read again."""
        self._unchanged[format_name] += count

    def skip(self, item: Skipped) -> None:
        """Count what did not become a document."""
        self._refused[item.format] += 1

    def by_format(self) -> tuple[FormatReport, ...]:
        """The counts of each format, in the order of their names; what has no known format comes last."""
        counts = (self._read, self._unchanged, self._refused, self._warned)
        names = {name for count in counts for name, number in count.items() if number}
        ordered = sorted(names, key=lambda name: (name is None, (name or "").casefold()))
        return tuple(FormatReport(name, *(count[name] for count in counts)) for name in ordered)
