"""ARCHITECTURE.md leads to the code: every room is in it, and what it names is there."""

from __future__ import annotations

import inspect
import re

from docs.pages import section
from support.paths import ROOT

from citeqa.rag.decision import Decider

PAGE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def test_every_room_is_in_it() -> None:
    rooms = {path.parent for top in ("index", "rag", "api") for path in (ROOT / top).rglob("*.py")}
    named = re.findall(r"^\| \[(\S+)/\]", section(PAGE, "What is where"), re.MULTILINE)
    missing = {room.relative_to(ROOT).as_posix() for room in rooms} - set(named)
    assert missing == set()


def test_every_file_it_names_is_there() -> None:
    named = set(re.findall(r"\b(?:index|rag|api)/[\w/]*\w\.py\b", PAGE))
    assert len(named) > 20
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


def test_it_leads_to_where_not_in_these_documents_is_decided_in_two_steps() -> None:
    """The heading says what is looked for, and the paragraph below it names file and function."""
    place = PAGE.partition('### Where "not in these documents" is decided\n')[2].partition("\n## ")[0]
    assert "[rag/decision.py](rag/decision.py), `Decider.decide`" in place
    assert '"not_in_the_sources"' in inspect.getsource(Decider.decide)


def test_contributing_names_the_lists_that_new_parts_go_into() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    seams = page.partition("<!-- seams -->")[2].partition("<!-- end of seams -->")[0]
    edited = re.findall(r"`((?:index|rag|api)/[\w/]+\.py)`: a line in `(\w+)`", seams)
    assert len(edited) == 5
    for name, held in edited:
        assert re.search(rf"^{held}\b", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE), (name, held)
