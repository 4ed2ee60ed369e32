"""What DOCX says of a paragraph by its style and numbering: a heading, an item of a list, a quotation, a caption."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from citeqa.index.formats.markup import child_of, local, value_of

_HEADING = re.compile(r"heading\s*([1-9])", re.IGNORECASE)
_QUOTES = {"quote", "intense quote", "block text", "block quote", "blockquote"}
_TITLES = {"title": 1}
_CAPTION = "caption"
_BULLETS = ("bullet", "none", "")
_LEVELS = 9  # ECMA-376 part 1, 17.9.6
_BODY = 9  # the outline level of body text, 17.3.1.20


class Paragraph(NamedTuple):
    """What a paragraph is.

    Args:
        heading: its level from 1; 0 if it is none.
        list: which list it is an item of; empty if of none.
        level: how deep the item is nested, from 0.
        ordered: whether the item is numbered.
    """

    heading: int = 0
    list: str = ""
    level: int = 0
    ordered: bool = False
    quotation: bool = False
    caption: bool = False


class _Style(NamedTuple):
    """A style's own properties of paragraphs, and the style that it is based on."""

    name: str
    properties: Any
    based_on: str


class Paragraphs:
    """Tells what a paragraph is from the parts of the archive that define its styles and numbering."""

    def __init__(self, styles: Any, numbering: Any) -> None:
        """`styles` and `numbering` are the roots of these parts, None where there is none."""
        self._styles = {
            value_of(style, "styleId"): _Style(
                value_of(child_of(style, "name"), "val"),
                child_of(style, "pPr"),
                value_of(child_of(style, "basedOn"), "val"),
            )
            for style in (styles if styles is not None else ())
            if local(style) == "style"
        }
        self._formats = dict(_formats(numbering)) if numbering is not None else {}
        self._known: dict[str, Paragraph] = {}

    def of(self, paragraph: Any) -> Paragraph:
        """What a paragraph is: by its own properties, else by those of its style."""
        properties = child_of(paragraph, "pPr")
        if properties is None:
            return Paragraph()
        found = self._by_style(value_of(child_of(properties, "pStyle"), "val"))
        heading, numbered = _outlined(properties), _numbered(properties)
        if heading is not None:
            found = found._replace(heading=heading)
        if numbered:
            found = self._numbering(found, *numbered)
        if found.heading and found.list:  # a numbered heading
            found = found._replace(list="", level=0, ordered=False)
        return found

    def _by_style(self, name: str) -> Paragraph:
        if name not in self._known:
            self._known[name] = self._read(name)
        return self._known[name]

    def _read(self, name: str) -> Paragraph:
        found, seen = Paragraph(), set[str]()
        chain = list[_Style]()
        while name in self._styles and name not in seen:
            seen.add(name)
            chain.append(self._styles[name])
            name = self._styles[name].based_on
        for style in reversed(chain):
            called = style.name.lower()
            if named := _HEADING.match(called):
                found = found._replace(heading=int(named[1]))
            elif called in _TITLES:
                found = found._replace(heading=_TITLES[called])
            found = found._replace(
                quotation=found.quotation or called in _QUOTES, caption=found.caption or called == _CAPTION
            )
            if style.properties is None:
                continue
            if (heading := _outlined(style.properties)) is not None and not named:
                found = found._replace(heading=heading)
            if numbered := _numbered(style.properties):
                found = self._numbering(found, *numbered)
        return found

    def _numbering(self, found: Paragraph, number: str, level: int | None) -> Paragraph:
        if number == "0":  # the numbering of the style is taken back (17.9.18)
            return found._replace(list="", level=0, ordered=False)
        number = number or found.list
        level = found.level if level is None else level
        kind = self._formats.get((number, level), "bullet")
        return found._replace(list=number, level=level, ordered=kind not in _BULLETS) if number else found


def _outlined(properties: Any) -> int | None:
    """The level of a heading that properties say, 0 for body text; None if they say nothing."""
    value = value_of(child_of(properties, "outlineLvl"), "val")
    if not value.isdecimal():
        return None
    return int(value) + 1 if int(value) < _BODY else 0


def _numbered(properties: Any) -> tuple[str, int | None] | None:
    """The number of the list and the level that properties say; None if they say neither."""
    numbering = child_of(properties, "numPr")
    if numbering is None:
        return None
    level = value_of(child_of(numbering, "ilvl"), "val")
    known = min(int(level), _LEVELS - 1) if level.isascii() and level.isdecimal() else None
    return value_of(child_of(numbering, "numId"), "val"), known


def _formats(numbering: Any) -> Iterator[tuple[tuple[str, int], str]]:
    """How each level of each list is numbered: "bullet", "decimal" and so on."""
    abstract = dict[str, dict[int, str]]()
    for element in numbering:
        if local(element) == "abstractNum":
            abstract[value_of(element, "abstractNumId")] = {
                int(value_of(level, "ilvl") or 0): value_of(child_of(level, "numFmt"), "val")
                for level in element
                if local(level) == "lvl" and (value_of(level, "ilvl") or "0").isdecimal()
            }
    for element in numbering:
        if local(element) == "num":
            kinds = abstract.get(value_of(child_of(element, "abstractNumId"), "val"), {})
            for level, kind in kinds.items():
                yield (value_of(element, "numId"), level), kind
