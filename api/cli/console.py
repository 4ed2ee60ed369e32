"""What the terminal shows."""

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
    """A text that cannot steer a terminal, as long as before: such characters become visible replacement marks."""
    return _STEERING.sub("\ufffd", text)


def escaped(json: str) -> str:
    """JSON that cannot steer a terminal and means the same: such characters stand inside strings, and are escaped."""
    return _STEERING.sub(lambda found: f"\\u{ord(found.group()):04x}", json)


def counted(number: int, name: str) -> str:
    """So many of something."""
    return f"{number} {name}" if number == 1 else f"{number} {name}s"


def held(documents: int, passages: int) -> str:
    """How much an index holds."""
    return f"{counted(documents, 'document')} in {counted(passages, 'passage')}"


def response(console: Console, answered: AskResponse) -> None:
    """An answer with its source, or the reason why there is none, and what else was found."""
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
    """What the question's times did; --no-dates switches it off."""
    if dates.applied:
        said = "; ".join(f"“{timing.text}” {_time(timing)}" for timing in dates.understood)
        console.print(Text(printable(f"times in the question: {said}")), style="dim")


def _time(timing: TimingOut) -> str:
    if timing.use == "newest":
        return "prefers the newest"
    does = "searches only" if timing.use == "filter" else "prefers"
    return f"{does} {timing.date_from or ''} to {timing.date_to or ''}".rstrip()


def confidence_in_words(confidence: float) -> str:
    """How sure an answer is, as the page says it too."""
    words = {0.9: "very likely right", 0.7: "likely right", 0.5: "perhaps right"}
    return next((said for bound, said in words.items() if confidence >= bound), "uncertain")


def verdict(console: Console, found: VerifyResponse) -> None:
    """What became of a citation."""
    said = {
        "valid": "valid: the words stand where they were cited",
        "moved": "moved: the words stand elsewhere now",
        "changed": "changed: the document no longer holds these words",
        "gone": "gone: the document is not in the index any more",
    }
    console.print(said[found.status], style="bold")
    if found.citation:
        _cited(console, found.citation, "  ")
    elif found.nearest:
        console.print("the nearest there is:", style="dim")
        _cited(console, found.nearest, "  ")


def _alternatives(console: Console, label: str, alternatives: Sequence[AlternativeOut]) -> None:
    if alternatives:
        console.print()
        console.print(label, style="dim")
    for alternative in alternatives:
        _cited(console, alternative.citation, "  ")


def _cited(console: Console, citation: CitationOut, indent: str) -> None:
    """The short answer, the sentence with it marked unless it is all there is, and where that stands."""
    if len(citation.quote) < 0.9 * len(citation.sentence.text):
        console.print(Text(indent) + Text(printable(citation.quote), style="bold"))
    console.print(Text(indent) + _marked(citation))
    console.print(Text(indent) + _byline(citation), style="dim")


def evidence(console: Console, found: Sequence[EvidenceOut]) -> None:
    """Passages, best first, with their sources."""
    for number, item in enumerate(found, 1):
        console.print()
        console.print(Text(f"{number}. ", style="bold") + Text(printable(item.text)))
        ranks = ", ".join(f"{name} {rank or '-'}" for name, rank in item.ranks().items())
        console.print(_byline(item) + Text(f" [{item.start}, {item.end}), {ranks}"), style="dim")
        if item.also_in:
            console.print(Text(printable(f"copies: {', '.join(item.also_in)}")), style="dim")


def documents(console: Console, found: Sequence[DocumentSummary], total: int) -> None:
    """A table of documents."""
    table = Table(box=None, header_style="bold")
    for name in ("id", "title", "author", "date", "passages"):
        table.add_column(name, justify="right" if name == "passages" else "left")
    for item in found:
        values = (item.id, item.title, item.author or "", str(item.date or ""), str(item.passages))
        table.add_row(*(Text(printable(value)) for value in values))
    console.print(table, soft_wrap=False)
    console.print(counted(total, "document"))


def figures(console: Console, by_split: dict[str, dict[str, Any]]) -> None:
    """A table of an evaluation's figures, a column a split; proportions and means with their 95 % intervals."""
    from citeqa.rag.evaluation.report import format_figure

    table = Table(box=None, header_style="bold")
    table.add_column("measure")
    for split in by_split:
        table.add_column(Text(printable(split)), justify="right")
    for name in next(iter(by_split.values())):
        table.add_row(name, *(Text(format_figure(figures[name])) for figures in by_split.values()))
    console.print(table, soft_wrap=False)


def lost(console: Console, rows: Sequence[Mapping[str, Any]]) -> None:
    """How many questions were lost at which stage."""
    from citeqa.rag.evaluation.failures import MEANINGS

    for stage, meaning in MEANINGS.items():
        if count := sum(row["stage"] == stage for row in rows):
            console.print(Text(f"{count:>5} {stage}: ") + Text(meaning, style="dim"))


def comparison(console: Console, found: Comparison) -> None:
    """What got better and what got worse, measure by measure and question by question."""
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
    for name, held in (("better", found.better), ("worse", found.worse)):
        console.print(Text(f"\n{len(held)} {name}", style="bold"))
        for changed in held:
            console.print(Text(f"  {printable(changed.id)}: {printable(changed.question)}"))
            console.print(Text(f"    {printable(changed.before)} → {printable(changed.after)}", style="dim"))
    if found.unpaired:
        console.print(f"{found.unpaired} questions of one run alone are not compared")


def _marked(citation: CitationOut) -> Text:
    """The sentence, with the answer in it marked."""
    offset = citation.sentence.start
    text = Text(printable(citation.sentence.text))
    text.stylize("bold", citation.start - offset, citation.end - offset)
    return text


def _byline(source: SourceOut) -> Text:
    parts = [source.title, source.author, source.source, str(source.date or ""), source.document_id, source.url]
    return Text("— " + printable(" · ".join(part for part in parts if part)))
