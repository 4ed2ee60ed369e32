"""`citeqa verify --quotes`: the quotations of a manuscript in the terminal."""

from __future__ import annotations

import json
from pathlib import Path

from support.command_line import Run

MANUSCRIPT = """The Treasury named “support and solidarity for the Cuban people”.

The U.S. has pledged to “provide $19 million of humanitarian assistance [...] by the Catholic Church”.

> Nobody ever wrote such a sentence about lighthouses and marmalade.
"""


def test_each_quotation_is_printed_with_what_the_documents_say(citeqa: Run, seeds_index: Path, tmp_path: Path) -> None:
    path = tmp_path / "article.md"
    path.write_text(MANUSCRIPT, encoding="utf-8")
    shown = citeqa("verify", "--quotes", path, "--index", seeds_index)
    assert shown.status == 1
    assert "line 1: exact\n" in shown.out
    assert "line 3: altered: a number\n" in shown.out
    assert "[-19-]{+9+}" in shown.out
    assert "line 5: absent\n" in shown.out
    assert "3 quotations: 1 exact, 1 altered, 1 absent" in shown.out
    found = json.loads(citeqa("verify", "-q", path, "--index", seeds_index, "--json").out)
    assert [one["status"] for one in found["quotations"]] == ["exact", "altered", "absent"]


def test_the_status_is_0_where_all_is_exact_and_2_where_nothing_is_named(
    citeqa: Run, seeds_index: Path, tmp_path: Path
) -> None:
    path = tmp_path / "exact.txt"
    path.write_text("“support and [...] for the Cuban people”", encoding="utf-8")
    shown = citeqa("verify", "-q", path, "--index", seeds_index)
    assert (shown.status, shown.out.splitlines()[0]) == (0, "line 1: exact, with 1 omission")
    assert citeqa("verify", "--index", seeds_index).status == 2
    path.with_suffix(".xyz").write_text("“a”", encoding="utf-8")
    unknown = citeqa("verify", "-q", path.with_suffix(".xyz"), "--index", seeds_index)
    assert (unknown.status, "not read" in unknown.err) == (1, True)
