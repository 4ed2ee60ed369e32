"""Front matter of Markdown files: what it says, where it ends, and what only looks like it."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeqa.index.documents.corpus import document
from citeqa.index.documents.front_matter import front_matter

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
    assert [made.quote(span) for span in made.boilerplate] == [block.removesuffix("\r")]
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
