"""Prints answers, citations and documents in the terminal."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from rich.console import Console
from rich.style import Style
from rich.table import Table
from rich.text import Text

from citeqa.api.cli.printable import counted, on_one_line, printable
from citeqa.index.types import FormatReport

if TYPE_CHECKING:
    from citeqa.api.schemas import (
        AlternativeOut,
        AskResponse,
        CitationOut,
        DatesOut,
        DocumentOut,
        DocumentSummary,
        EvidenceOut,
        GuessOut,
        SourceOut,
        TimingOut,
        VerifyResponse,
    )

_NARROW = 80  # columns; with fewer, documents are a list instead of a table

Links = Callable[[str], str | None]  # from the id of a document to the address of its file, where it is known


def response(console: Console, answered: AskResponse, links: Links | None = None) -> None:
    """Print an answer with its source, or the reason why there is none, and what else was found."""
    if answered.answer:
        _cited(console, answered.answer.citation, "", links)
        for citation in answered.answer.also_in:
            console.print(Text("also in: ") + _byline(citation, links), style="dim")
        sure = answered.answer.confidence
        console.print(f"{confidence_in_words(sure)} (confidence {sure:.2f})", style="dim")
        newer = [one for one in answered.conflicts if one.newer]
        _alternatives(console, "newer documents say otherwise:", newer, links)
        older = [one for one in answered.conflicts if one not in newer]
        _alternatives(console, "other documents say otherwise:", older, links)
        _alternatives(console, "other possible answers:", answered.alternatives, links)
    elif answered.reason:
        console.print("Not in these documents.", style="bold")
        console.print(answered.reason.message)
        _guesses(console, answered.guesses, links)
        evidence(console, answered.evidence, links)
    _times(console, answered.dates)


def _times(console: Console, dates: DatesOut) -> None:
    """Print how the times in the question were used; --no-dates turns that off."""
    if dates.applied:
        times = "; ".join(f"“{timing.text}” {_time(timing)}" for timing in dates.understood)
        console.print(Text(printable(f"times in the question: {times}")), style="dim")


def _time(timing: TimingOut) -> str:
    if timing.use == "newest":
        return "prefers the newest"
    does = "searches only" if timing.use == "filter" else "prefers"
    return f"{does} {timing.date_from or ''} to {timing.date_to or ''}".rstrip()


def confidence_in_words(confidence: float) -> str:
    """A confidence in words, the same as on the chat page."""
    words = {0.9: "very likely right", 0.7: "likely right", 0.5: "perhaps right"}
    return next((word for bound, word in words.items() if confidence >= bound), "uncertain")


def verdict(console: Console, found: VerifyResponse) -> None:
    """Print whether a citation still holds."""
    meanings = {
        "valid": "valid: the words are where they were cited",
        "moved": "moved: the words are now elsewhere",
        "changed": "changed: the document no longer contains these words",
        "gone": "gone: the document is no longer in the index",
    }
    console.print(meanings[found.status], style="bold")
    if found.citation:
        _cited(console, found.citation, "  ")
    elif found.nearest:
        console.print("the most similar sentence now:", style="dim")
        _cited(console, found.nearest, "  ")


def _alternatives(console: Console, label: str, alternatives: Sequence[AlternativeOut], links: Links | None) -> None:
    if alternatives:
        console.print()
        console.print(label, style="dim")
    for alternative in alternatives:
        _cited(console, alternative.citation, "  ", links)


def _guesses(console: Console, guesses: Sequence[GuessOut], links: Links | None = None) -> None:
    if guesses:
        console.print()
        console.print("No sure answer. Perhaps:", style="dim")
    for guess in guesses:
        _cited(console, guess.citation, "  ", links)
        console.print(f"  confidence {guess.confidence:.2f}", style="dim")


def _cited(console: Console, citation: CitationOut, indent: str, links: Links | None = None) -> None:
    """Print the short answer, with the labels of its cell in a table or the number of a list's items, its sentence with
    the answer marked, and the source. The short answer is left out if it is most of the sentence."""
    if len(citation.quote) < 0.9 * len(citation.sentence.text):
        _print_indented(console, Text(on_one_line(citation.quote), style="bold"), indent)
    if labels := _labels(citation):
        _print_indented(console, Text(on_one_line(labels)), indent, "dim")
    _print_indented(console, _marked(citation), indent)
    _print_indented(console, _byline(citation, links), indent, "dim")


def _labels(citation: CitationOut) -> str:
    """What names the cell that is cited, or how many items the list has."""
    if citation.items:
        return counted(citation.items, "item")
    if not citation.table:
        return ""
    named = {"row": citation.table.row, "column": citation.table.column, "table": citation.table.caption}
    return " · ".join(f"{name}: {label}" for name, label in named.items() if label)


def _print_indented(console: Console, text: Text, indent: str, style: str = "") -> None:
    """Print a text with this before each of its lines, wrapped where the console wraps."""
    lines = [text] if console.soft_wrap else text.wrap(console, console.width - len(indent))
    for line in lines:
        console.print(Text(indent) + line, style=style)


def evidence(console: Console, found: Sequence[EvidenceOut], links: Links | None = None) -> None:
    """Print passages, best first, with their sources."""
    for number, item in enumerate(found, 1):
        console.print()
        console.print(Text(f"{number}. ", style="bold") + Text(printable(item.text)))
        ranks = ", ".join(f"{name} {rank or '-'}" for name, rank in item.ranks().items())
        console.print(_byline(item, links) + Text(f" [{item.start}, {item.end}), {ranks}"), style="dim")
        if item.also_in:
            console.print(Text(printable(f"copies: {', '.join(item.also_in)}")), style="dim")


def documents(console: Console, found: Sequence[DocumentSummary], total: int) -> None:
    """Print a table of documents, or a list where there is no room for a table."""
    if not console.soft_wrap and console.width < _NARROW:
        for item in found:
            parts = [item.title, item.author, str(item.date or ""), counted(item.passages, "passage")]
            console.print(Text(on_one_line(item.id), style="bold"))
            _print_indented(console, Text(on_one_line(" · ".join(part for part in parts if part))), "  ")
        console.print(counted(total, "document"))
        return
    table = Table(box=None, header_style="bold")
    for name in ("id", "title", "author", "date", "passages"):
        table.add_column(name, justify="right" if name == "passages" else "left")
    for item in found:
        values = (item.id, item.title, item.author or "", str(item.date or ""), str(item.passages))
        table.add_row(*(Text(printable(value)) for value in values))
    console.print(table, soft_wrap=False)
    console.print(counted(total, "document"))


def document(console: Console, found: DocumentOut) -> None:
    """Print what is known about a document, without its text."""
    known = found.model_dump(mode="json", exclude={"text", "boilerplate", "structure"}) | {"length": len(found.text)}
    for name, value in known.items():
        if isinstance(value, str | int):
            console.print(Text(f"{name}: ", style="dim") + Text(on_one_line(str(value))))


def formats(console: Console, found: Sequence[FormatReport]) -> None:
    """Print what was read, as a table with a line for each format."""
    table = Table(box=None, header_style="bold")
    for name in FormatReport._fields:
        table.add_column(name, justify="left" if name == "format" else "right")
    for one in found:
        table.add_row(one.format or "other", *(str(count) if count else "" for count in one[1:]))
    console.print(table, soft_wrap=False)


def _marked(citation: CitationOut) -> Text:
    """The sentence, with the answer in it marked."""
    text, offset = citation.sentence.text, citation.sentence.start
    start, end = citation.start - offset, citation.end - offset
    before, words, behind = map(on_one_line, (text[:start], text[start:end], text[end:]))
    return Text(before) + Text(words, style="bold") + Text(behind)


def _byline(source: SourceOut, links: Links | None) -> Text:
    """Where words come from, as a link where the file or the address of the document is known (OSC 8; the console
    writes it only to terminals that can have colours)."""
    dated = str(source.date or "")
    if getattr(source, "date_origin", None) == "text":
        dated += " (date from the text)"
    parts = [source.title, source.author, source.source, dated, source.document_id, source.url]
    address = (links(source.document_id) if links else None) or _address(source.url)
    shown = on_one_line(" · ".join(part for part in parts if part))
    return Text("— ") + Text(shown, style=Style(link=address) if address else "")


def _address(url: str | None) -> str | None:
    """The address of a document on the web, so written that it cannot steer a terminal."""
    return quote(url, safe="%/:?#[]@!$&'()*+,;=~") if url and re.match("https?://", url) else None
