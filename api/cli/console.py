"""Prints results in the terminal."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from citeqa.api.schemas import (
        AlternativeOut,
        AskResponse,
        CitationOut,
        DatesOut,
        DocumentSummary,
        EvidenceOut,
        SourceOut,
        TimingOut,
        VerifyResponse,
    )
    from citeqa.rag.evaluation.compare import Comparison

# Control characters (C0 without tab and line feed, DEL, C1), bidi embeddings, overrides and isolates, surrogates.
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """The text without the power to steer a terminal: steering characters become visible replacement marks, so its
    length stays the same."""
    return _STEERING.sub("\ufffd", text)


def escaped(json: str) -> str:
    """The same JSON without the power to steer a terminal: steering characters can only be inside strings, and are
    escaped."""
    return _STEERING.sub(lambda found: f"\\u{ord(found.group()):04x}", json)


def counted(number: int, name: str) -> str:
    """A number with its noun, in the plural unless it is 1."""
    return f"{number} {name}" if number == 1 else f"{number} {name}s"


def size(documents: int, passages: int) -> str:
    """The size of an index in words."""
    return f"{counted(documents, 'document')} in {counted(passages, 'passage')}"


def response(console: Console, answered: AskResponse) -> None:
    """Print an answer with its source, or the reason why there is none, and what else was found."""
    if answered.answer:
        _cited(console, answered.answer.citation, "")
        for citation in answered.answer.also_in:
            console.print(Text("also in: ") + _byline(citation), style="dim")
        sure = answered.answer.confidence
        console.print(f"{confidence_in_words(sure)} (confidence {sure:.2f})", style="dim")
        newer = [one for one in answered.conflicts if one.newer]
        _alternatives(console, "newer documents say otherwise:", newer)
        older = [one for one in answered.conflicts if one not in newer]
        _alternatives(console, "other documents say otherwise:", older)
        _alternatives(console, "other possible answers:", answered.alternatives)
    elif answered.reason:
        console.print("Not in these documents.", style="bold")
        console.print(answered.reason.message)
        evidence(console, answered.evidence)
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


def _alternatives(console: Console, label: str, alternatives: Sequence[AlternativeOut]) -> None:
    if alternatives:
        console.print()
        console.print(label, style="dim")
    for alternative in alternatives:
        _cited(console, alternative.citation, "  ")


def _cited(console: Console, citation: CitationOut, indent: str) -> None:
    """Print the short answer, its sentence with the answer marked, and the source. The short answer is left out if it
    is most of the sentence."""
    if len(citation.quote) < 0.9 * len(citation.sentence.text):
        console.print(Text(indent) + Text(printable(citation.quote), style="bold"))
    console.print(Text(indent) + _marked(citation))
    console.print(Text(indent) + _byline(citation), style="dim")


def evidence(console: Console, found: Sequence[EvidenceOut]) -> None:
    """Print passages, best first, with their sources."""
    for number, item in enumerate(found, 1):
        console.print()
        console.print(Text(f"{number}. ", style="bold") + Text(printable(item.text)))
        ranks = ", ".join(f"{name} {rank or '-'}" for name, rank in item.ranks().items())
        console.print(_byline(item) + Text(f" [{item.start}, {item.end}), {ranks}"), style="dim")
        if item.also_in:
            console.print(Text(printable(f"copies: {', '.join(item.also_in)}")), style="dim")


def documents(console: Console, found: Sequence[DocumentSummary], total: int) -> None:
    """Print a table of documents."""
    table = Table(box=None, header_style="bold")
    for name in ("id", "title", "author", "date", "passages"):
        table.add_column(name, justify="right" if name == "passages" else "left")
    for item in found:
        values = (item.id, item.title, item.author or "", str(item.date or ""), str(item.passages))
        table.add_row(*(Text(printable(value)) for value in values))
    console.print(table, soft_wrap=False)
    console.print(counted(total, "document"))


def figures(console: Console, by_split: dict[str, dict[str, Any]]) -> None:
    """Print the figures of an evaluation as a table, one column for each split; proportions and means have 95 %
    intervals."""
    from citeqa.rag.evaluation.report import format_figure

    table = Table(box=None, header_style="bold")
    table.add_column("measure")
    for split in by_split:
        table.add_column(Text(printable(split)), justify="right")
    for name in next(iter(by_split.values())):
        table.add_row(name, *(Text(format_figure(figures[name])) for figures in by_split.values()))
    console.print(table, soft_wrap=False)


def failures(console: Console, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print how many questions failed at each stage."""
    from citeqa.rag.evaluation.failures import MEANINGS

    for stage, meaning in MEANINGS.items():
        if count := sum(row["stage"] == stage for row in rows):
            console.print(Text(f"{count:>5} {stage}: ") + Text(meaning, style="dim"))


def comparison(console: Console, found: Comparison) -> None:
    """Print what got better and what got worse, by measure and by question."""
    table = Table(box=None, header_style="bold")
    for name in ("measure", "before", "after", "difference, 95 %", "p", "better", "worse", "of"):
        table.add_column(name, justify="left" if name == "measure" else "right")
    for one in found.differences:
        moved = f"{one.change:+.3f} [{one.low:+.3f}, {one.high:+.3f}]"
        counts = (str(one.better), str(one.worse), str(one.total))
        table.add_row(
            one.measure,
            f"{one.before:.3f}",
            f"{one.after:.3f}",
            moved,
            one.chance.removeprefix("p ").removeprefix("= "),
            *counts,
        )
    console.print(table, soft_wrap=False)
    for name, changes in (("better", found.better), ("worse", found.worse)):
        console.print(Text(f"\n{len(changes)} {name}", style="bold"))
        for changed in changes:
            console.print(Text(f"  {printable(changed.id)}: {printable(changed.question)}"))
            console.print(Text(f"    {printable(changed.before)} → {printable(changed.after)}", style="dim"))
    if found.unpaired:
        console.print(f"{found.unpaired} questions are in only one of the runs and are not compared")


def _marked(citation: CitationOut) -> Text:
    """The sentence, with the answer in it marked."""
    offset = citation.sentence.start
    text = Text(printable(citation.sentence.text))
    text.stylize("bold", citation.start - offset, citation.end - offset)
    return text


def _byline(source: SourceOut) -> Text:
    parts = [source.title, source.author, source.source, str(source.date or ""), source.document_id, source.url]
    return Text("— " + printable(" · ".join(part for part in parts if part)))
