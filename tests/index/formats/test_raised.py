"""A number never swallows its exponent or a note's mark, and a fraction keeps its stroke, whatever the format."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from support.made_files import XHTML, docx, epub

from citeqa.index.formats import docx as docx_format
from citeqa.index.formats import epub as epub_format
from citeqa.index.formats import html as html_format
from citeqa.index.formats import mail, rtf
from citeqa.index.formats.formulas import linear
from citeqa.index.formats.inline import raised_classes
from citeqa.index.formats.raised import MAX_RAISED, fraction, root, subscript, superscript, with_fractions

OFFICE_MATH = "http://schemas.openxmlformats.org/officeDocument/2006/math"

RAISED = [
    ("7", "⁷"), ("10", "¹⁰"), ("−3", "⁻³"), ("-3", "⁻³"), ("–3", "⁻³"), ("n+1", "ⁿ⁺¹"), ("(2)", "⁽²⁾"), ("TM", "ᵀᴹ"),
    ("q", "^q"), ("1,2", "^(1,2)"), ("a,b", "^(a,b)"), ("1.5", "^(1.5)"), ("n + 1", "^(n + 1)"), (" 2 ", " ² "),
    ("*", "*"), ("†", "†"), ("®", "®"), ("[3]", "[3]"), ("[3], [4]", "[3], [4]"), ("st", "st"), ("TH", "TH"),
    ("²", "²"), ("3²", "^(3²)"), ("", ""), ("x" * (MAX_RAISED + 1), "x" * (MAX_RAISED + 1)),
]  # fmt: skip
LOWERED = [("2", "₂"), ("max", "ₘₐₓ"), ("i,j", "_(i,j)"), ("z", "_z"), ("(aq)", "_(aq)"), ("st", "ₛₜ")]


@pytest.mark.parametrize(("text", "written"), RAISED)
def test_what_is_raised_is_written_so(text: str, written: str) -> None:
    assert superscript(text) == written


@pytest.mark.parametrize(("text", "written"), LOWERED)
def test_what_is_lowered_is_written_so(text: str, written: str) -> None:
    assert subscript(text) == written


@given(st.text(st.sampled_from("0123456789+-=()abcnqxyz,. "), min_size=1, max_size=12))
def test_digits_never_touch_what_they_are_raised_over(text: str) -> None:
    for written, sign in ((superscript(text), "^"), (subscript(text), "_")):
        if any(character.isdigit() for character in text) and written != text:
            assert not written.strip()[0].isascii() or written.strip()[0] == sign
    assert unicodedata.normalize("NFKC", superscript("0123")) == "0123"


@pytest.mark.parametrize(
    ("above", "below", "written"),
    [("40", "8", "40/8"), ("a+b", "c", "(a+b)/c"), ("(a)(b)", "(c)", "((a)(b))/(c)"), ("1", "2.5", "1/2.5")],
)
def test_a_fraction_keeps_its_stroke(above: str, below: str, written: str) -> None:
    assert fraction(above, below) == written


def test_a_root_has_a_sign() -> None:
    assert (root("2"), root("a+b"), root("8", "3")) == ("√2", "√(a+b)", "³√8")


# --- in a file of each format

HTML_LINE = (
    "4 × 10<sup>7</sup> grains, 12 m<sup>2</sup>, CO<sub>2</sub>, in 1952<sup><a href='#n'>1</a></sup>, x<sup>a,b</sup>"
)
LINE = "4 × 10⁷ grains, 12 m², CO₂, in 1952¹, x^(a,b)"
PROSE = "<p>The island lies eleven kilometres west of the mainland and has been settled since the middle ages.</p>"


def _run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def _aligned(text: str, value: str) -> str:
    return _run(text, f'<w:vertAlign w:val="{value}"/>')


def test_web_pages_books_and_mails_write_what_is_raised_and_lowered() -> None:
    page = f"<html><body><article><h1>Sand</h1>{PROSE}<p>{HTML_LINE}</p>{PROSE}</article></body></html>"
    assert LINE in html_format.extract(page.encode()).text.split("\n")
    assert epub_format.extract(epub(XHTML.format(f"<p>{HTML_LINE}</p>"))).text == LINE
    assert (
        mail.extract(f"Subject: S\nContent-Type: text/html; charset=utf-8\n\n<p>{HTML_LINE}</p>".encode()).text == LINE
    )


def test_documents_of_word_write_what_is_raised_and_lowered() -> None:
    line = (
        _run("4 × 10") + _aligned("7", "superscript") + _run(" grains, 12 m") + _aligned("2", "superscript")
        + _run(", CO") + _aligned("2", "subscript") + _run(", in 1952") + _aligned("1", "superscript")
        + _run(", x") + _aligned("a,", "superscript") + _aligned("b", "superscript")
    )  # fmt: skip
    assert docx_format.extract(docx(f"<w:p>{line}</w:p>")).text == LINE


def test_a_style_or_a_shift_raises_too_and_a_run_may_undo_its_style() -> None:
    styles = (
        '<w:style w:styleId="Note"><w:rPr><w:vertAlign w:val="superscript"/></w:rPr></w:style>'
        '<w:style w:styleId="Own"><w:basedOn w:val="Note"/></w:style>'
        '<w:style w:styleId="Loop"><w:basedOn w:val="Loop"/></w:style>'
    )
    body = (
        _run("1952") + _run("1", '<w:rStyle w:val="Own"/>') + _run(" and 10") + _run("6", '<w:position w:val="8"/>')
        + _run(" and ") + _run("7", '<w:rStyle w:val="Note"/><w:vertAlign w:val="baseline"/>')
        + _run("8", '<w:rStyle w:val="Loop"/>') + _run("9", '<w:position w:val="1"/>')
    )  # fmt: skip
    assert docx_format.extract(docx(f"<w:p>{body}</w:p>", styles=styles)).text == "1952¹ and 10⁶ and 789"


@pytest.mark.parametrize(
    "html",
    [
        "<style>.note, p .up { color: red; vertical-align: super }</style>10<span class='x note'>6</span>",
        "10<span style='font-size: 70%; Vertical-Align: SUPER'>6</span>",
        "10<sup><i>6</i></sup>",
    ],
)
def test_looks_raise_too(html: str) -> None:
    assert epub_format.extract(epub(XHTML.format(f"<p>{html}</p>"))).text == "10⁶"


def test_a_books_style_sheet_raises_too() -> None:
    assert raised_classes("a { top: 0 } .up{vertical-align:super} .low , b.x { vertical-align : sub }") == {
        "up": "super", "low": "sub", "x": "sub",
    }  # fmt: skip


# --- fractions that are drawn with raised and lowered digits

SPELLINGS = [
    ("a 3<sup>1</sup>/<sub>2</sub> inch pipe", "a 3 1/2 inch pipe"),
    ("a 3<span><sup>1</sup>&#8260;<sub>2</sub></span> inch pipe", "a 3 1/2 inch pipe"),
    ("a 3 <sup>11</sup>&#8725;<sub>16</sub> inch pipe", "a 3 11/16 inch pipe"),
    ("a <sup>1</sup>/<sub>2</sub> inch pipe", "a 1/2 inch pipe"),
    ("a 3<!-- x --><i></i><sup><b>1</b></sup>/<sub>2</sub> inch pipe", "a 3 1/2 inch pipe"),
    ("x<sup>1</sup>/<sub>2</sub> and 3<sup>n</sup>/<sub>2</sub>", "x¹/₂ and 3ⁿ/₂"),
    ("10<sup>6</sup>/s and 10<sup>6</sup>/10<sub>2</sub>", "10⁶/s and 10⁶/10₂"),
]


@pytest.mark.parametrize(("html", "written"), SPELLINGS)
def test_a_fraction_of_raised_and_lowered_digits_is_one_in_web_pages(html: str, written: str) -> None:
    page = f"<html><body><article><h1>Pipes</h1>{PROSE}<p>It is {html}.</p>{PROSE}</article></body></html>"
    assert f"It is {written}." in html_format.extract(page.encode()).text.split("\n")
    assert epub_format.extract(epub(XHTML.format(f"<p>It is {html}.</p>"))).text == f"It is {written}."


def test_a_fraction_of_raised_and_lowered_digits_is_one_in_office_files() -> None:
    body = _run("3") + _aligned("1", "superscript") + _run("/") + _aligned("2", "subscript") + _run(" inch")
    assert docx_format.extract(docx(f"<w:p>{body}</w:p>")).text == "3 1/2 inch"
    assert rtf.extract(rb"{\rtf1 3{\super 1}/{\sub 2} inch}").text == "3 1/2 inch"


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ("3¹/₂", "3 1/2"),
        ("¹⁄₂", "1/2"),
        ("x¹/₂", "x¹/₂"),
        ("10⁶/₂ and 2¹¹/₁₆", "10 6/2 and 2 11/16"),
        ("ˣ¹²/₃", "ˣ¹²/₃"),
    ],
)
def test_a_line_has_its_fractions_in_one_form(line: str, written: str) -> None:
    assert with_fractions(line) == written


# --- formulas


def _math(inner: str) -> str:
    return f'<m:oMath xmlns:m="{OFFICE_MATH}">{inner}</m:oMath>'


def _r(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


def _f(above: str, below: str) -> str:
    return f"<m:f><m:num>{above}</m:num><m:den>{below}</m:den></m:f>"


OMML = [
    (_r("C") + _r("=") + _f(_r("40"), _r("8")), "C=40/8"),
    (_r("2") + _f(_r("1"), _r("2")), "2 1/2"),
    (_f(_r("a+b"), _f(_r("1"), _r("x"))), "(a+b)/(1/x)"),
    (f"<m:sSup><m:e>{_r('x')}</m:e><m:sup>{_r('2')}</m:sup></m:sSup>{_r('+1')}", "x²+1"),
    (f"<m:sSup><m:e>{_f(_r('a'), _r('b'))}</m:e><m:sup>{_r('2')}</m:sup></m:sSup>", "(a/b)²"),
    (f"<m:sSub><m:e>{_r('v')}</m:e><m:sub>{_r('0')}</m:sub></m:sSub>", "v₀"),
    (f"<m:rad><m:radPr/><m:deg/><m:e>{_r('9')}</m:e></m:rad>", "√9"),
    (f"<m:rad><m:deg>{_r('3')}</m:deg><m:e>{_r('a+b')}</m:e></m:rad>", "³√(a+b)"),
    (f'<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr><m:sub>{_r("i=1")}</m:sub><m:sup>{_r("n")}</m:sup><m:e>{_r("i")}'
     "</m:e></m:nary>", "∑ᵢ₌₁ⁿ i"),
    (f'<m:d><m:dPr><m:begChr m:val="["/><m:endChr m:val="]"/></m:dPr><m:e>{_r("x")}</m:e></m:d>', "[x]"),
    (f"<m:func><m:fName>{_r('sin')}</m:fName><m:e>{_r('x')}</m:e></m:func>", "sin x"),
    (f'<m:f><m:fPr><m:type m:val="noBar"/></m:fPr><m:num>{_r("n")}</m:num><m:den>{_r("k")}</m:den></m:f>', "n¦k"),
    (f"<m:m><m:mr><m:e>{_r('1')}</m:e><m:e>{_r('2')}</m:e></m:mr><m:mr><m:e>{_r('3')}</m:e><m:e>{_r('4')}</m:e></m:mr>"
     "</m:m>", "1, 2; 3, 4"),
]  # fmt: skip
MATHML = [
    ("<mfrac><mn>40</mn><mn>8</mn></mfrac>", "40/8"),
    ("<mn>2</mn><mfrac><mn>1</mn><mn>2</mn></mfrac>", "2 1/2"),
    ("<msup><mi>x</mi><mn>2</mn></msup>", "x²"),
    ("<msub><mi>x</mi><mrow><mi>i</mi><mo>,</mo><mi>j</mi></mrow></msub>", "x_(i,j)"),
    ("<msqrt><mi>a</mi><mo>+</mo><mi>b</mi></msqrt>", "√(a+b)"),
    ("<mroot><mn>8</mn><mn>3</mn></mroot>", "³√8"),
    ("<semantics><mn>7</mn><annotation encoding='application/x-tex'>7</annotation></semantics>", "7"),
    ("<msubsup><mo>∫</mo><mn>0</mn><mn>1</mn></msubsup><mi>x</mi>", "∫₀¹x"),
    ("<mfrac><mn>1</mn></mfrac>", "1/"),
]


@pytest.mark.parametrize(("inner", "written"), OMML)
def test_a_formula_of_office_is_written_in_one_line(inner: str, written: str) -> None:
    assert linear(etree.fromstring(_math(inner))).strip() == written


@pytest.mark.parametrize(("inner", "written"), MATHML)
def test_a_formula_of_the_web_is_written_in_one_line(inner: str, written: str) -> None:
    assert linear(etree.fromstring(f"<math>{inner}</math>")).strip() == written


def test_formulas_stand_in_their_sentences() -> None:
    body = f"<w:p>{_run('It lifts about 2')}{_math(_f(_r('1'), _r('2')))}{_run(' tonnes.')}</w:p>"
    assert docx_format.extract(docx(body)).text == "It lifts about 2 1/2 tonnes."
    page = XHTML.format(
        f"<p>It lifts <math xmlns='http://www.w3.org/1998/Math/MathML'>{MATHML[0][0]}</math> tonnes.</p>"
    )
    assert epub_format.extract(epub(page)).text == "It lifts 40/8 tonnes."
