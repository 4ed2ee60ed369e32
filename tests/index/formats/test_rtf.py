"""RTF: words in their order, whatever encodings, groups and control words they stand in."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeqa.index.errors import DocumentError
from citeqa.index.formats import rtf

HEAD = r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fcharset0 Times;}{\f1\fcharset204 Arial Cyr;}}{\colortbl;\red0;}"


def _text(body: str) -> str:
    return rtf.extract((HEAD + body + "}").encode("latin-1")).text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"The \b seven\b0  years.\par Next\line line", "The seven years.\nNext\nline"),
        (r"10{\super 7} and CO\sub 2\nosupersub  and x{\up8 q}", "10⁷ and CO₂ and x^q"),
        (r"caf\'e9 {\f1\'cf\'f0} \u8364?5 \u-10179?\u-8704? {\uc2\u228ab}b", "café Пр €5 😀 äb"),
        (r"a\~b\_c\-d\{\}\\ \lquote e\rquote\emdash f\tab g", "a\u00a0b\u2011cd{}\\ ‘e’—f\tg"),
        (r"{\*\generator Word;}{\pict\pngblip 89504e47}seen{\v hidden}{\deleted gone}{\*\unknown x}", "seen"),
        (
            r'{\field{\*\fldinst HYPERLINK "http://x"}{\fldrslt link}} {\object{\*\objdata 0105}{\result shown}}',
            "link shown",
        ),
        (r"a\bin5 {{{{{b", "ab"),
        ("wo\r\nrd \\\r\nnew", "word\nnew"),
        (r"{\header Page}{\*\annotation remark}body{\footnote\pard\plain\chftn  a note}\chftn", None),
    ],
)
def test_words_are_read(body: str, text: str | None) -> None:
    if text is not None:
        assert _text(body) == text


def test_notes_headers_lists_headings_and_tables() -> None:
    body = (
        r"{\stylesheet{\s0 Normal;}{\s1 heading 1;}{\s2 heading 2;}}{\info{\title The tank}"
        r"{\author Ines}{\creatim\yr2024"
        r"\mo5\dy12}}{\header\pard Draft\par}\pard\s1 Intro\par\pard\s0 It holds{\super\chftn{\footnote\pard\plain"
        r"{\super\chftn} In May.}} water.\par\pard{\listtext\'b7\tab}\ls1 one\par{\listtext\'b7\tab}\ilvl1 two\par\pard"
        r"\trowd\cellx1\cellx2\intbl Port\cell Depth\cell\row\trowd\intbl Hull\par old\cell 14\cell\row\pard"
        r"\outlinelevel1 End\par"
    )
    found = rtf.extract((HEAD + body + "}").encode())
    assert found.text == "Intro\nIt holds¹ water.\none\ntwo\nPort\tDepth\nHull\nold\t14\nEnd\n¹ In May.\nDraft"
    assert (found.title, found.author, found.date) == ("The tank", "Ines", date(2024, 5, 12))
    assert [(h.level, found.text[h.span.start : h.span.end]) for h in found.structure.headings] == [
        (1, "Intro"),
        (2, "End"),
    ]
    assert [(i.level, found.text[i.span.start : i.span.end]) for i in found.structure.lists[0].items] == [
        (0, "one"),
        (1, "two"),
    ]
    cells = found.structure.tables[0].cells
    assert [(c.row, c.column, found.text[c.span.start : c.span.end]) for c in cells] == [
        (0, 0, "Port"), (0, 1, "Depth"), (1, 0, "Hull\nold"), (1, 1, "14"),
    ]  # fmt: skip
    assert [found.text[span.start : span.end] for span in found.boilerplate] == ["Draft"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"Only words.", "it is not RTF"),
        (b"{\\rtf1 }", "it holds no text"),
        (b"{\\rtf1 " + b"{" * 20_000, "it is nested too deeply"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "it is not RTF"),
    ],
)
def test_what_is_no_rtf_is_refused_by_name(data: bytes, reason: str) -> None:
    with pytest.raises(DocumentError, match=f"^{reason}"):
        rtf.extract(data)


TOKENS = [
    "{", "}", "\\", "'", "*", "u", "par", "cell", "row", "-1", "9" * 10, "bin", "footnote", "header", "listtext", "f1",
    " ",    "\n", "x", "\\'e4", "\\u8364", "uc3",
]  # fmt: skip


@given(st.lists(st.sampled_from(TOKENS), max_size=40))
def test_no_order_of_tokens_is_too_odd(tokens: list[str]) -> None:
    with suppress(DocumentError):
        assert rtf.extract(("{\\rtf1 x" + "".join(tokens)).encode()).text
