"""Formulas of Office (OMML) and of web pages (MathML), written in one line: `C=40/8`, `x²`, `√(a+b)`.

The forms follow Unicode's linear format (Unicode Technical Note 28) where it needs no knowledge of that format to be
read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from citeqa.index.formats.raised import beside, bracketed, fraction, root, subscript, superscript

_UNSEEN = {
    "annotation", "annotation-xml", "mphantom", "ctrlPr", "rPr", "fPr", "sSupPr", "sSubPr", "sSubSupPr", "sPrePr",
    "radPr", "naryPr", "dPr", "funcPr", "accPr", "barPr", "limLowPr", "limUppPr", "mPr", "eqArrPr", "boxPr",
    "borderBoxPr", "groupChrPr", "phantPr", "oMathParaPr", "del", "moveFrom", "delText", "instrText", "Fallback",
}  # fmt: skip


def linear(element: Any) -> str:
    """The formula that an element of OMML or MathML holds, in one line.

    Operators, numbers and names are written one after the other. Fractions get a stroke, roots a sign; what is raised
    or lowered is written as everywhere (see `raised`). Parts that are not shown are left out.
    """
    name = _local(element)
    if name in _UNSEEN:
        return ""
    written = _FORMS.get(name)
    return written(element) if written else _sequence(element)


def _local(element: Any) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _sequence(element: Any) -> str:
    """The text of an element and all its children, in order."""
    text = _words(element.text)
    for child in element:
        text += beside(text[-1:], linear(child)) if _local(child) in ("f", "mfrac") else linear(child)
        text += _words(child.tail)
    return text


def _words(text: str | None) -> str:
    """The text of an element; of white space alone only what is no layout of the file."""
    return "" if text is None or (not text.strip() and "\n" in text) else text


def _children(element: Any) -> list[str]:
    """The formulas of an element's children that are shown; MathML's forms tell their parts by position."""
    return [linear(child).strip() for child in element if _local(child) and _local(child) not in _UNSEEN]


def _part(element: Any, name: str) -> str:
    """The formula in the child of this name, which OMML's forms tell their parts by; empty if there is none."""
    return next((_sequence(child).strip() for child in element if _local(child) == name), "")


def _property(element: Any, name: str, otherwise: str) -> str:
    """A property of a form of OMML: the value of the element of this name in the form's properties."""
    for properties in element:
        if _local(properties).endswith("Pr"):
            for child in properties:
                if _local(child) == name:
                    values = [value for key, value in child.attrib.items() if key.rpartition("}")[2] == "val"]
                    return values[0] if values else otherwise
    return otherwise


def _positions(element: Any, count: int) -> list[str]:
    """The formulas of so many children; those that are missing are empty."""
    return (_children(element) + [""] * count)[:count]


def _omml_fraction(element: Any) -> str:
    stroke = "¦" if _property(element, "type", "bar") == "noBar" else "/"
    return fraction(_part(element, "num"), _part(element, "den"), between=stroke)


def _script(base: str, below: str = "", above: str = "") -> str:
    return (
        (bracketed(base) if base else "") + (subscript(below) if below else "") + (superscript(above) if above else "")
    )


def _nary(element: Any) -> str:
    sign = _property(element, "chr", "∫")
    return f"{_script(sign, _part(element, 'sub'), _part(element, 'sup'))} {_part(element, 'e')}"


def _delimited(element: Any) -> str:
    between = _property(element, "sepChr", "|")
    inner = between.join(_sequence(child).strip() for child in element if _local(child) == "e")
    return f"{_property(element, 'begChr', '(')}{inner}{_property(element, 'endChr', ')')}"


def _function(element: Any) -> str:
    return f"{_part(element, 'fName')} {_part(element, 'e')}".strip()


def _accented(element: Any) -> str:
    return _part(element, "e") + _property(element, "chr", "\u0302")


def _lines(element: Any) -> str:
    """The rows of a matrix or of an array of equations, with the cells of a row."""
    rows = [child for child in element if _local(child) in ("mr", "mtr", "mlabeledtr", "e")]
    return "; ".join(", ".join(_children(row)) if _local(row) != "e" else _sequence(row).strip() for row in rows)


def _fenced(element: Any) -> str:
    between = (element.get("separators", ",").strip() or " ")[0]
    return f"{element.get('open', '(')}{between.join(_children(element))}{element.get('close', ')')}"


def _stroke(element: Any) -> str:
    return "¦" if element.get("linethickness") in ("0", "0pt", "0px") else "/"


_FORMS: dict[str, Callable[[Any], str]] = {
    # OMML (ECMA-376 part 1, 22.1)
    "f": _omml_fraction,
    "sSup": lambda e: _script(_part(e, "e"), above=_part(e, "sup")),
    "sSub": lambda e: _script(_part(e, "e"), _part(e, "sub")),
    "sSubSup": lambda e: _script(_part(e, "e"), _part(e, "sub"), _part(e, "sup")),
    "sPre": lambda e: _script("", _part(e, "sub"), _part(e, "sup")) + _part(e, "e"),
    "limLow": lambda e: _script(_part(e, "e"), _part(e, "lim")) + " ",
    "limUpp": lambda e: _script(_part(e, "e"), above=_part(e, "lim")) + " ",
    "rad": lambda e: root(_part(e, "e"), _part(e, "deg")),
    "nary": _nary,
    "d": _delimited,
    "func": _function,
    "acc": _accented,
    "m": _lines,
    "eqArr": _lines,
    # MathML Core
    "mfrac": lambda e: fraction(*_positions(e, 2), between=_stroke(e)),
    "msup": lambda e: _script(_positions(e, 2)[0], above=_positions(e, 2)[1]),
    "msub": lambda e: _script(*_positions(e, 2)),
    "msubsup": lambda e: _script(*_positions(e, 3)),
    "munder": lambda e: _script(*_positions(e, 2)) + " ",
    "mover": lambda e: _script(_positions(e, 2)[0], above=_positions(e, 2)[1]),
    "munderover": lambda e: _script(*_positions(e, 3)) + " ",
    "msqrt": lambda e: root(_sequence(e).strip()),
    "mroot": lambda e: root(*_positions(e, 2)),
    "mtable": _lines,
    "mfenced": _fenced,
}
