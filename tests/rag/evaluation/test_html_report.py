"""The report of an evaluation: one page that needs nothing else, says what the record says, and escapes all of it."""

from __future__ import annotations

import json
import re
import sys
from html.parser import HTMLParser
from typing import Any

import pytest

from citeqa.index.errors import CiteqaError
from citeqa.rag.evaluation import plots, retrieval
from citeqa.rag.evaluation.html_report import failed, render, verdict
from citeqa.rag.evaluation.relevance import ShownExcerpt
from citeqa.rag.evaluation.report import record
from citeqa.rag.evaluation.run import AnswerResult

HOSTILE = (
    """</bdi></td><script>alert(1)</script><img src="https://evil.example/x.png" onerror='alert(2)'>{{ 7 * 7 }}&"""
)
VOID = {"meta", "input", "br", "img", "link"}


def row(name: str, **other: Any) -> AnswerResult:
    """A question that is answered, and rightly, unless told otherwise."""
    values: dict[str, Any] = {
        "id": name, "question": f"What is {name}?", "split": "report", "answerable": True, "answers": ("nine", "9"),
        "answered": True, "confidence": 0.9, "answer": "nine", "document_id": "doc", "sentence": "It is nine.",
        "right_document": True, "in_sentence": True, "right": True, "exact_match": 1.0, "f1": 1.0, "success_at_1": 1.0,
        "success_at_5": 1.0, "success_at_10": 1.0, "reciprocal_rank": 0.5, "citations": 3, "exact_citations": 3,
        "milliseconds": 20.0,
    }  # fmt: skip
    return AnswerResult(**values | other)


WRONG: dict[str, Any] = {"answer": "ten", "right": False, "exact_match": 0.0, "f1": 0.0, "confidence": 0.6}
NOTHING: dict[str, Any] = {"answerable": False, "answers": (), "right": False, "exact_match": 0.0, "f1": 0.0}
LOST: dict[str, Any] = {
    "stage": "read, refused",
    "expected": "…It is <nine> of ten.",
    "candidates": ("seven",),
    "returned": (ShownExcerpt("doc", 0, 9, True, "It is nine."), ShownExcerpt("other", 5, 500, False, "Elsewhere")),
}
HELD_BACK: dict[str, Any] = {"answered": False, "confidence": 0.1, "answer": "eight"}
ROWS = [
    row("right"),
    row("wrong", **WRONG),
    row("held", split="fit", **HELD_BACK),
    row("refused", **NOTHING | HELD_BACK | {"document_id": None, "answer": "", "sentence": ""}),
    row("made up", **NOTHING | {"answer": "seven"}),
]
ABOUT = {"what": "a test", "confidence": {"threshold": 0.5, "weights": {"margin": 1.0}}}


class Page(HTMLParser):
    """Elements with their attributes, the text of every table cell, and what was left open."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.lines: list[tuple[dict[str, str | None], list[str]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.lines.append((dict(attrs), []))
        if tag in ("td", "th"):
            self.lines[-1][1].append("")
        if tag == "dd" and "td" in self.open:
            self.lines[-1][1][-1] += " "

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data
        if "td" in self.open or "th" in self.open:
            self.lines[-1][1][-1] += data

    def names(self) -> list[str]:
        return [tag for tag, _ in self.elements]

    def cells(self, first: str) -> list[str]:
        """The cells of the line whose first one begins with these words, blanks made one."""
        lines = ([" ".join(cell.split()) for cell in cells] for _, cells in self.lines)
        return next(cells for cells in lines if cells[0].startswith(first))


@pytest.fixture(scope="module")
def html() -> str:
    return render(record(ROWS, ABOUT))


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_every_element_is_closed(page: Page) -> None:
    assert page.open == []


def test_the_page_loads_nothing(page: Page, html: str) -> None:
    links = [
        value
        for _, attributes in page.elements
        for name, value in attributes.items()
        if name.rpartition(":")[2] in ("src", "href", "srcset", "action", "data", "poster")
    ]
    assert all(link is not None and link.startswith("#") for link in links)
    assert {"script", "link", "img", "iframe", "object"}.isdisjoint(page.names())
    assert set(re.findall(r"url\((.)", html)) <= {"#"}
    assert "@import" not in html
    policy = next(attributes for _, attributes in page.elements if "http-equiv" in attributes)
    assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'"


def test_no_two_elements_share_an_id_and_every_reference_is_met(page: Page, html: str) -> None:
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    assert set(re.findall(r"""(?:url\(|href=")#([^")]+)""", html)) <= set(ids)


def test_hostile_words_are_shown_and_nothing_else() -> None:
    fields = ("id", "question", "answer", "sentence", "document_id", "split")
    rows = [row("q", **WRONG | dict.fromkeys(fields, HOSTILE) | {"answers": (HOSTILE,)}), row("plain")]
    made = Page(render(record(rows, {"what": HOSTILE, HOSTILE: {HOSTILE: HOSTILE}})))
    assert {"script", "img"}.isdisjoint(made.names())
    assert not [name for _, attributes in made.elements for name in attributes if name.startswith("on")]
    assert made.open == []
    assert made.text.count(HOSTILE) >= len(fields) + 1
    assert "49" not in made.text.replace(HOSTILE, "")


def test_the_figures_stand_in_a_column_a_split(page: Page) -> None:
    assert page.cells("measure") == ["measure", "fit", "report", "all"]
    assert page.cells("EM") == [
        "EM", "1.000 [0.207, 1.000] 1/1", "0.500 [0.095, 0.905] 1/2", "0.667 [0.208, 0.939] 2/3"
    ]  # fmt: skip
    assert page.cells("abstention precision")[1:3] == ["0.000 [0.000, 0.793] 0/1", "1.000 [0.207, 1.000] 1/1"]
    measures = record(ROWS, ABOUT)["figures"]["all"]
    assert all(page.cells(measure)[0] == measure for measure in measures)


def test_every_question_has_a_line(page: Page) -> None:
    assert page.cells("What is right?")[1:] == ["nine", "0.90", "right", "nine · 9"]
    assert page.cells("What is wrong?")[1:] == ["ten", "0.60", "wrong", "nine · 9"]
    assert page.cells("What is held?")[1:] == ["-", "0.10", "refused, though answerable", "nine · 9"]
    assert page.cells("What is refused?") == ["What is refused?", "-", "0.10", "refused", "unanswerable"]
    assert page.cells("What is made up?")[1:] == ["seven", "0.90", "wrong, unanswerable", "unanswerable"]


def test_failures_open_and_tell_more(page: Page) -> None:
    marked = [cells[0].split("?")[0].split()[-1] for attributes, cells in page.lines if attributes.get("class")]
    assert marked == ["wrong", "held", "up"]
    assert "show only the 3 of 5 that failed" in page.text
    details = page.cells("What is held?")[0]
    assert "answer held back eight" in details
    assert "its sentence It is nine." in details
    assert "rank of the first passage with an answer 2" in details
    assert page.cells("What is right?")[0] == "What is right?"


def test_a_failed_question_shows_its_stage_what_was_returned_and_what_was_expected() -> None:
    made = Page(render(record([row("held", **HELD_BACK | LOST), row("right")], ABOUT)))
    details = made.cells("What is held?")[0]
    assert "failed read, refused: the reader proposed it" in details
    assert "expected …It is <nine> of ten." in details
    assert "other answers seven" in details
    assert "doc [0, 9), contains an answer: It is nine." in details
    assert "other [5, 500): Elsewhere…" in details
    assert made.cells("1")[1] == "read, refused"
    assert made.open == []


def searched(name: str, rank: int, **other: Any) -> retrieval.RetrievalResult:
    """A question for which a right passage was found at this rank; 0 if none was."""
    found: dict[str, Any] = {
        "id": name, "question": f"Where is {name}?", "split": "all", "answerable": True, "answers": (),
        "documents": ("d1", "d2"), "success_at_1": float(rank == 1), "success_at_5": float(0 < rank <= 5),
        "success_at_10": float(0 < rank <= 10), "reciprocal_rank": 1 / rank if rank else 0.0,
        "answer_in_600": rank == 1,
        "answer_in_3000": True, "place_in_600": None, "place_in_3000": None, "measures": {}, "returned": (),
        "milliseconds": 3.0, "expected": "", "stage": "" if 0 < rank <= 10 else "not retrieved",
    }  # fmt: skip
    return retrieval.RetrievalResult(**found | other)


def test_a_run_of_retrieval_alone_has_a_page() -> None:
    made = Page(render(retrieval.record([searched("it", 3), searched("lost", 0, answers=(HOSTILE,))], {})))
    assert made.open == []
    assert made.cells("Where is it?")[1:] == ["3", "found", "d1 · d2"]
    assert made.cells("Where is lost?")[1:3] == ["-", "not found"]
    assert "none found" in made.cells("Where is lost?")[0]
    assert made.cells("Success@5") == ["Success@5", "0.500 [0.095, 0.905] 1/2"]
    assert made.names().count("svg") == 2
    assert "script" not in made.names()


def test_success_by_k_is_drawn_to_the_last_k() -> None:
    drawn = plots.success_by_k([1, 3, 0], 5, "a")
    assert "Success@k" in drawn
    assert drawn == plots.success_by_k([1, 3, 99], 5, "a")  # beyond the last k is as good as nowhere
    assert drawn != plots.success_by_k([1, 2, 0], 5, "a")


def test_the_plots_of_each_split_are_there_and_those_of_the_report_are_open(page: Page) -> None:
    assert page.names().count("svg") == 5 * 3
    labels = [attributes["aria-label"] for tag, attributes in page.elements if tag == "svg"]
    assert len(set(labels)) == 5
    assert [tag for tag, attributes in page.elements if "open" in attributes] == ["details"]
    assert "threshold 0.50" in page.text
    assert "answerable (3)" in page.text
    assert "median 20 ms" in page.text


def test_colours_are_those_of_the_page(html: str) -> None:
    drawn = "".join(re.findall(r"<svg.*?</svg>", html, re.DOTALL))
    assert "var(--accent)" in drawn
    assert re.findall(r"#[0-9a-f]{6}\b", re.sub(r"#[mp][0-9a-f]+", "", drawn)) == []
    assert "prefers-color-scheme: dark" in html
    for variable in set(re.findall(r"var\((--[a-z]+)\)", html)):
        assert html.count(f"{variable}: #") == 2, variable


def test_the_page_of_a_record_read_back_is_the_same_and_drawn_the_same_every_time(html: str) -> None:
    assert render(json.loads(json.dumps(record(ROWS, ABOUT)))) == html


def test_one_split_of_only_answerable_questions_has_a_page() -> None:
    made = Page(render(record([row("right")], {})))
    assert made.cells("measure") == ["measure", "report"]
    assert made.cells("AUROC") == ["AUROC", "-"]
    assert "threshold 0" not in made.text


def test_the_reliability_diagram_tells_the_count_of_each_bin() -> None:
    """31 questions in 15 bins: one of three, the others of two; 7 of equal confidence: all in one."""
    drawn = plots.reliability([i / 31 for i in range(31)], [True] * 31, "a")
    counts = re.findall(r"font-size: 7px[^>]*>(\d+)<", drawn)
    assert sorted(counts) == ["2"] * 14 + ["3"]
    assert re.findall(r"font-size: 7px[^>]*>(\d+)<", plots.reliability([0.4] * 7, [True] * 7, "a")) == ["7"]


@pytest.mark.parametrize(
    ("given", "word", "fails"),
    [
        (row("a"), "right", False),
        (row("b", **WRONG), "wrong", True),
        (row("c", **HELD_BACK), "refused", True),
        (row("d", **NOTHING), "wrong", True),
        (row("e", **NOTHING | HELD_BACK), "refused", False),
    ],
)
def test_the_verdict_of_each_kind_of_row(given: AnswerResult, word: str, fails: bool) -> None:
    (values,) = record([given], {})["rows"]
    assert (verdict(values), failed(values)) == (word, fails)


@pytest.mark.parametrize("package", ["jinja2", "matplotlib"])
def test_a_package_that_is_missing_is_named_with_what_mends_it(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(CiteqaError, match=r"needs the extra \"report\": pip install 'citeqa\[report\]'"):
        render(record(ROWS, ABOUT))
