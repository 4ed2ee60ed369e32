"""The terminal tells a date that was read from the text from one that is metadata."""

from __future__ import annotations

from pathlib import Path

from support.command_line import Run


def test_a_date_from_the_text_is_shown_as_such(citeqa: Run, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "quay.txt").write_text("Press release, 29 October 2026\n\nThe north quay is closed for two weeks.\n")
    (folder / "pier.md").write_text("---\ndate: 2026-11-01\n---\nThe old pier is 96 metres long.\n")
    assert citeqa("index", folder, "--index", tmp_path / "ix").status == 0
    own = citeqa("ask", "For how long is the north quay closed?", "--min-confidence", "0", "--index", tmp_path / "ix")
    known = citeqa("ask", "How long is the old pier?", "--min-confidence", "0", "--index", tmp_path / "ix")
    assert "2026-10-29 (date from the text)" in own.out
    assert "2026-11-01" in known.out
    assert "2026-11-01 (date from the text)" not in known.out
