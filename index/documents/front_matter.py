"""Front matter: what a Markdown file says about itself in a block before its text, in YAML (`---`), TOML (`+++`) or
JSON (an object in braces).

Only the few fields that are wanted are read, in the forms in which site generators and note-taking programs write
them; a block that is not understood costs nothing but these fields.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from citeqa.index.documents.own_date import own_date
from citeqa.index.formats.extracted import somebody, tidy, written_on
from citeqa.index.types import Span

MAX_BLOCK = 20_000  # code points; a longer block is text between two rules

_FENCE = re.compile(r"(---|\+\+\+)[ \t]*\r?\n")
_OBJECT = re.compile(r"\{\s*\"")
_TEXT_AFTER = re.compile(r"[ \t]*\r?\n\s*[^\s{\[,]")
_KEY = re.compile(r"(?P<key>[A-Za-z][\w.-]*)[ \t]*:(?:[ \t]+(?P<value>.*))?$")
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_TITLES = ("title",)
_AUTHORS = ("author", "authors", "by", "creator")
_DATES = ("date", "published", "publishdate", "pubdate", "created", "updated", "lastmod", "modified")
_KNOWN = {
    *_TITLES, *_AUTHORS, *_DATES, "tags", "categories", "category", "layout", "slug", "description", "summary", "draft",
    "keywords", "id", "aliases", "permalink", "type", "lang", "subtitle", "weight",
}  # fmt: skip
_STROKES = re.compile(r"(\d{4})/(\d\d)/(\d\d)")
_NAME = "name"  # of an author who is given with an address and the like


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What a block says, and where the block stands with its fences."""

    span: Span
    title: str | None
    author: str | None
    date: date | None


def front_matter(text: str) -> FrontMatter | None:
    """The block that a text begins with; None if it begins with none. A block begins with a field, and at least one of
    its fields is one that such blocks have: other lines between two rules are text. Behind one in JSON stands text, not
    more of JSON: it is not a row of several."""
    fields, end = _fenced(text) or _json(text) or ({}, 0)
    if _KNOWN.isdisjoint(fields):
        return None
    return FrontMatter(
        Span(0, end),
        title=somebody(next(_named(fields, _TITLES), None)),
        author=somebody(", ".join(filter(None, map(tidy, _first(fields, _AUTHORS)))) or None),
        date=next((day for value in _named(fields, _DATES) if (day := _day(value))), None),
    )


def _fenced(text: str) -> tuple[dict[str, list[str]], int] | None:
    """The fields of a block between fences, and where it ends; None if there is none."""
    opening = _FENCE.match(text)
    if not opening:
        return None
    closing = re.compile(rf"^(?:{re.escape(opening[1])}|\.\.\.)[ \t]*\r?$", re.MULTILINE)
    closed = closing.search(text, opening.end(), opening.end() + MAX_BLOCK)
    if not closed:
        return None
    block = text[opening.end() : closed.start()]
    fields = _toml(block) if opening[1] == "+++" else _yaml(block)
    return None if fields is None else (fields, closed.end() - closed[0].endswith("\r"))


def _json(text: str) -> tuple[dict[str, list[str]], int] | None:
    """The fields of an object in JSON with text behind it, and where it ends; None if there is none."""
    if not _OBJECT.match(text):
        return None
    try:
        found, end = json.JSONDecoder().raw_decode(text[:MAX_BLOCK])
    except (ValueError, RecursionError):
        return None
    return (
        ({key.lower(): _strings(value) for key, value in found.items()}, end) if _TEXT_AFTER.match(text, end) else None
    )


def _day(value: str) -> date | None:
    """A day as ISO 8601 writes it, also with strokes, or in words."""
    return written_on(_STROKES.sub(r"\1-\2-\3", value)) or own_date(value)


def _named(fields: dict[str, list[str]], names: Iterable[str]) -> Iterator[str]:
    return (value for name in names for value in fields.get(name, ()))


def _first(fields: dict[str, list[str]], names: Iterable[str]) -> list[str]:
    return next((fields[name] for name in names if fields.get(name)), [])


def _toml(block: str) -> dict[str, list[str]] | None:
    """The fields of a block in TOML; None if it holds none."""
    try:
        found = tomllib.loads(block.replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError):
        return None
    return {key.lower(): _strings(value) for key, value in found.items()}


def _strings(value: Any) -> list[str]:
    if isinstance(value, list):
        return [string for item in value for string in _strings(item)]
    if isinstance(value, dict):
        return _strings(value.get(_NAME, []))
    return [] if value is None else [str(value)]


def _yaml(block: str) -> dict[str, list[str]] | None:
    """The fields of a block in YAML: scalars, also folded and over several lines, and lists of scalars; of entries with
    fields of their own, the name. None if the block does not begin with a field."""
    fields: dict[str, list[str]] = {}
    key = ""
    for line in block.splitlines():
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        indented = line[0] in " \t"
        found = None if indented or stripped.startswith("- ") else _KEY.match(line.rstrip())
        if found:
            key = found["key"].lower()
            fields[key] = _scalars(found["value"] or "")
        elif not key or not (indented or stripped.startswith("- ")):
            return None
        else:
            _add(fields[key], stripped)
    return fields or None


def _add(values: list[str], line: str) -> None:
    """Add a further line of a field to its values: an item of a list, a name, or more of the words."""
    item = line.startswith("- ")
    line = line.removeprefix("- ").strip()
    inner = _KEY.match(line)
    if inner and (item or not values):
        if inner["key"].lower() == _NAME:
            values += _scalars(inner["value"] or "")
    elif inner:
        return  # another field of an entry
    elif item or not values:
        values += _scalars(line)
    else:
        values[-1] = f"{values[-1]} {_unquoted(line)}"


def _scalars(value: str) -> list[str]:
    """The scalars in what stands behind a field's name."""
    value = value.strip()
    if value in (">", "|", ">-", "|-", ">+", "|+", "[", "~", "null", "") or value.startswith("#"):
        return []
    if value.startswith("["):
        inner = value[1:].rpartition("]")[0]
        return [item for part in re.findall(r"\"[^\"]*\"|'[^']*'|[^,]+", inner) if (item := _unquoted(part.strip()))]
    if value.startswith("{"):
        named = re.search(r"\bname\s*:\s*(\"[^\"]*\"|'[^']*'|[^,}]+)", value)
        return [_unquoted(named[1].strip())] if named else []
    return [_unquoted(value)]


def _unquoted(value: str) -> str:
    """A scalar without its quotes, or without the comment behind it."""
    quote = value[:1]
    if quote in ('"', "'") and (end := value.rfind(quote)) > 0:
        inner = value[1:end]
        return inner.replace("''", "'") if quote == "'" else re.sub(r"\\(.)", r"\1", inner)
    return _COMMENT.sub("", value).strip()
