"""Prints what was found of the quotations of a manuscript."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from citeqa.api.cli.printable import counted, on_one_line

if TYPE_CHECKING:
    from citeqa.api.schemas import QuotationOut, VerifyQuotesResponse

_STYLES = {"exact": "green", "altered": "yellow", "absent": "red", "unchecked": "magenta"}
_KINDS = {"words": "words", "numbers": "a number", "negation": "a negation", "case": "capitals"}


def show_quotations(console: Console, found: VerifyQuotesResponse) -> None:
    """Print every quotation with what the documents say, those first in the text first."""
    for one in found.quotations:
        _quotation(console, one)
    total = counted(len(found.quotations), "quotation")
    told = ", ".join(f"{number} {status}" for status, number in found.counts.items() if number)
    console.print(f"{total}: {told}" if told else "no quotations were found", style="bold")


def _quotation(console: Console, one: QuotationOut) -> None:
    head = Text(f"line {one.line}: ") + Text(_status(one), style=_STYLES[one.status])
    console.print(head)
    _line(console, _compared(one) if one.differences else Text(on_one_line(one.text)))
    if said := _beside(one):
        _line(console, Text(on_one_line(said)), "dim")
    if one.citation:
        cited = one.citation
        day = cited.date.isoformat() if cited.date else None
        named = [one.speaker and f"said by {one.speaker}", cited.title, cited.author, day, cited.source]
        place = f"{cited.document_id} [{cited.start}, {cited.end})"
        _line(console, Text(on_one_line(f"source: {', '.join(filter(None, named))} — {place}")), "dim")
    if one.also_in:
        _line(console, Text(on_one_line("also in: " + ", ".join(one.also_in))), "dim")
    console.print()


def _line(console: Console, text: Text, style: str = "") -> None:
    lines = [text] if console.soft_wrap else text.wrap(console, console.width - 2)
    for line in lines:
        console.print(Text("  ") + line, style=style)


def _status(one: QuotationOut) -> str:
    """The status in words, with the conventions that the quotation uses and what was changed."""
    if one.status == "altered":
        return "altered: " + ", ".join(_KINDS[kind] for kind in one.changed)
    if one.status == "unchecked":
        return "not checked: too long, or only of words that stand everywhere"
    used = [
        counted(number, name) for number, name in ((one.omissions, "omission"), (one.insertions, "insertion")) if number
    ]
    return f"exact, with {' and '.join(used)}" if used and one.status == "exact" else one.status


def _compared(one: QuotationOut) -> Text:
    """The quotation with what the source has instead: [-quoted-] {+in the source+}."""
    shown = Text()
    for part in one.differences:
        shown.append(" " if shown.plain else "")
        if part.change == "same":
            shown.append(on_one_line(part.quoted))
        elif part.change in ("omitted", "inserted"):
            shown.append("[…]", style="dim")
        else:
            shown.append(f"[-{on_one_line(part.quoted)}-]" if part.quoted else "", style="red")
            shown.append(f"{{+{on_one_line(part.source)}+}}" if part.source else "", style="green")
    return shown


def _beside(one: QuotationOut) -> str:
    """What the manuscript says beside the quotation, and whether the source agrees."""
    ascribed = one.attribution
    told = []
    for what, fits in ((ascribed.name, ascribed.name_fits), (ascribed.time, ascribed.date_fits)):
        if what:
            told.append(what + {True: " (as the source)", False: " (not as the source)", None: ""}[fits])
    return "the text says: " + ", ".join(told) if told else ""
