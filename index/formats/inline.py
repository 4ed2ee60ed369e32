"""What inline elements of web pages say by their looks alone, written into the text: raised and lowered characters, and
formulas."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from citeqa.index.formats.formulas import linear
from citeqa.index.formats.raised import beside, subscript, superscript

_RULE = re.compile(r"([^{}]*)\{([^{}]*)\}")
_CLASS = re.compile(r"\.([\w-]+)\s*(?:,|$)")
_ALIGN = re.compile(r"vertical-align\s*:\s*(super|sub)\b")
_NAMES = {"sup": "super", "sub": "sub"}
_INLINE = {"span", "a", "font", "small", "i", "em", "b", "strong", "code"}


def raised_classes(css: str) -> dict[str, str]:
    """The classes that a style sheet raises (`super`) or lowers (`sub`)."""
    found: dict[str, str] = {}
    for selectors, declarations in _RULE.findall(css):
        if align := _ALIGN.search(declarations):
            found |= dict.fromkeys(_CLASS.findall(selectors), align[1])
    return found


def write_inline(root: Any, classes: Mapping[str, str] | None = None) -> None:
    """Write raised and lowered characters and formulas of a tree as text, in place; each element that said so becomes
    an ordinary one.

    Args:
        classes: those that style sheets outside the page raise or lower (see `raised_classes`).
    """
    known = dict(classes or {})
    for style in root.iter("{*}style"):
        known |= raised_classes(style.text or "")
    for element in reversed([found for found in root.iter() if isinstance(found.tag, str)]):
        name = element.tag.rpartition("}")[2].lower()
        if name == "math":
            _become(element, beside(_before(element), linear(element).strip()))
        elif aligned := _aligned(element, name, known):
            text = "".join(element.itertext())
            written = superscript(text) if aligned == "super" else subscript(text)
            if written != text:
                _become(element, written)


def _aligned(element: Any, name: str, classes: Mapping[str, str]) -> str | None:
    """Whether an element is raised (`super`) or lowered (`sub`)."""
    if name in _NAMES:
        return _NAMES[name]
    if name not in _INLINE:
        return None
    if found := _ALIGN.search((element.get("style") or "").lower()):
        return found[1]
    return next((classes[each] for each in (element.get("class") or "").split() if each in classes), None)


def _before(element: Any) -> str:
    """The character before an element, as far as it stands beside it in the tree; empty if none does."""
    previous = element.getprevious()
    if previous is not None:
        text = previous.tail if previous.tail else "".join(previous.itertext())
    else:
        parent = element.getparent()
        text = parent.text if parent is not None else ""
    return (text or "")[-1:]


def _become(element: Any, text: str) -> None:
    """Make an element an ordinary inline one that holds this text alone."""
    tail = element.tail
    element.clear()
    element.tag = "span"
    element.text, element.tail = text, tail
