"""The numbers that the explanation names are those of the code."""

from __future__ import annotations

import re

from docs.pages import first_cells, section
from support.paths import ROOT

from citeqa.api.cli.console import confidence_in_words
from citeqa.rag.answerer import READ
from citeqa.rag.confidence import Features
from citeqa.rag.retrieval.retriever import DEPTH
from citeqa.rag.retrieval.signals import SIGNALS
from citeqa.rag.timing.recency import SHARE

PAGE = (ROOT / "docs" / "explanation.md").read_text(encoding="utf-8")


def test_it_lists_every_feature_of_the_confidence() -> None:
    assert first_cells(section(PAGE, "Confidence")) == list(Features._fields)


def test_it_says_what_each_signal_counts() -> None:
    walk = section(PAGE, "How a question is answered")
    assert [float(weight) for weight in re.findall(r"\b0\.\d+(?= times)", walk)] == [one.weight for one in SIGNALS]
    assert f"best {DEPTH} passages" in walk
    assert READ == 10
    assert "reads the best ten passages" in walk


def test_it_says_how_times_act() -> None:
    assert SHARE == 1 / 5
    assert "more than a fifth" in " ".join(section(PAGE, "Times in the question").split())


def test_it_says_confidence_in_the_same_words_as_the_program() -> None:
    said = dict(re.findall(r'from (0\.\d) "([a-z ]+)"', " ".join(section(PAGE, "Confidence").split())))
    assert {bound: confidence_in_words(float(bound)) for bound in said} == said
    assert len(said) == 3
