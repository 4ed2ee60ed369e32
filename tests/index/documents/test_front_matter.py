"""Front matter of Markdown files: what it says, where it ends, and what only looks like it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeqa.index.documents.corpus import document, load_file
from citeqa.index.documents.front_matter import MAX_BLOCK, front_matter
from citeqa.index.types import Document

BODY = "\n\nThe ferry leaves at 07:15.\n"


@pytest.mark.parametrize(
    ("block", "title", "author", "day"),
    [
        ('---\ntitle: "Ferry times, winter"\ndate: 2025-11-03\nauthor: Signe Aalto\ntags: [a, b]\n---',
         "Ferry times, winter", "Signe Aalto", date(2025, 11, 3)),
        ('+++\ntitle = "Quay repairs"\ndate = 2024-05-06T09:00:00Z\nauthors = ["Ane Vik", "Odd Moe"]\n+++',
         "Quay repairs", "Ane Vik, Odd Moe", date(2024, 5, 6)),
        ("---\nTitle: It's open: always # really\npublished: 2024-05-06 09:00\n...", "It's open: always", None,
         date(2024, 5, 6)),
        ("---\ntitle: 'It''s open'\nauthor:\n  name: Ane Vik\n  email: a@b.c\n---", "It's open", "Ane Vik", None),
        ("---\n# a comment\ntitle: >-\n  A long\n  title\nauthors:\n- name: Ane Vik\n  orcid: 1\n- Odd Moe\n---",
         "A long title", "Ane Vik, Odd Moe", None),
        ('{\n  "title": "Quay {repairs}",\n  "date": "2024-05-06T09:00:00Z",\n'
         '  "authors": ["Ane Vik", {"name": "Odd Moe"}],\n  "author": null\n}',
         "Quay {repairs}", "Ane Vik, Odd Moe", date(2024, 5, 6)),
        ('{"title": "One line", "draft": false} ', "One line", None, None),
        ('{\r\n "Title": "Windows", "tags": []\r\n}\r', "Windows", None, None),
        ("---\ntitle: Ferry\ndate: 3 November 2025\n---", "Ferry", None, date(2025, 11, 3)),
        ("---\ntitle: Ferry\ndate: 2025/11/03 09:00\n---", "Ferry", None, date(2025, 11, 3)),
        ("---\ntitle: null\nlayout: post\ndraft: true\n---", "The ferry leaves at 07:15.", None, None),
        ("---\r\ntitle: Windows\r\n---\r", "Windows", None, None),
        ("---\ntitle: untitled\ntags:\n  - one\n---", "The ferry leaves at 07:15.", None, None),
    ],
)  # fmt: skip
def test_a_block_gives_title_author_and_day_and_is_boilerplate(
    block: str, title: str, author: str | None, day: date | None
) -> None:
    made = document("a", block + BODY, file_sha256="0")
    assert (made.title, made.author, made.date) == (title, author, day)
    assert [made.quote(span) for span in made.boilerplate] == [block.rstrip(" \r")]
    assert made.text == block + BODY


@pytest.mark.parametrize(
    "text",
    [
        "---\n\nWords between two rules.\n\n---\nMore.",
        "---\nNote: the water is off.\n---\nMore.",
        "---\ntitle: never closed\n\nMore.",
        "--- title: on the same line ---\nMore.",
        " ---\ntitle: indented\n---\nMore.",
        "+++\nnot toml\n+++\nMore.",
        '{"title": "Never closed"\n\nMore.',
        '{"title": "On the same line"} More.',
        ' {"title": "Indented"}\nMore.',
        '{"title": "All there is"}\n',
        '{"title": "A row"}\n{"title": "Another"}\n',
        '{"title": "One of a list"},\n{"title": "Another"}\n',
        '{"water": "off"}\nMore.',
        '{title: "No JSON"}\nMore.',
        '{"title": ' + "[" * 19_000 + "\nMore.",
        '{"title": ' + "9" * 19_000 + "}\nMore.",
        '{"title": "' + "x" * MAX_BLOCK + '"}\nMore.',
        "---",
    ],
)
def test_what_only_looks_like_a_block_is_text(text: str) -> None:
    assert front_matter(text) is None
    assert document("a", text, file_sha256="0").boilerplate == ()


def test_a_line_without_a_letter_or_digit_is_no_title() -> None:
    assert document("a", "---\n***\n\n===\nHarbour news\nWords.", file_sha256="0").title == "Harbour news"
    assert document("a", "***", file_sha256="0").title == "Untitled"


@given(st.text(st.sampled_from("a:-[]{}'\"\\>|#, \n\r=1"), max_size=80), st.sampled_from(["---", "+++"]))
def test_any_block_becomes_a_document(inner: str, fence: str) -> None:
    text = f"{fence}\ntitle: x\n{inner}\n{fence}\nWords."
    found = front_matter(text)
    assert found is None or text[found.span.start : found.span.end].rstrip().endswith((fence, "..."))
    document("a", text, file_sha256="0")


@given(st.text(st.sampled_from("a:[]{}'\"\\, \n1"), max_size=80))
def test_any_object_becomes_a_document(inner: str) -> None:
    text = f'{{"title": "x", {inner}}}\nWords.'
    found = front_matter(text)
    assert found is None or text[: found.span.end].endswith("}")
    document("a", text, file_sha256="0")


def test_json_of_a_markdown_file_is_metadata_and_no_text(tmp_path: Path) -> None:
    (tmp_path / "quay.md").write_text('{\n"title": "Quay repairs",\n"tags": ["one"]\n}\n\n# News\n\n- one\n- two\n')
    ((_, found),) = load_file(tmp_path / "quay.md", "quay")
    assert isinstance(found, Document)
    assert (found.title, [found.quote(span)[-3:] for span in found.boilerplate]) == ("Quay repairs", ["]\n}"])
    assert [found.quote(one.span) for one in found.structure.headings] == ["News"]
