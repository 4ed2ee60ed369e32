"""What is measured on kept-aside items, by hand."""

from __future__ import annotations

import math

import pytest

from citeqa.index.embedding.runtime import TOKENIZER
from citeqa.index.embedding.weights import packaged
from citeqa.index.types import Span
from citeqa.rag.reader.onnx_reader import SHIPPED, OnnxReader
from citeqa.rag.reader.windows import Encoder
from citeqa.rag.training.items import Item, Seen
from citeqa.rag.training.judging import EVERY, judged, read_by, read_by_model
from citeqa.rag.training.model import as_torch


def seen(text: str, answer: str = "") -> Seen:
    return Seen("", text, (Span(text.index(answer), text.index(answer) + len(answer)),) if answer else ())


def test_figures_by_hand() -> None:
    """The first answer is right in its passage, but the wrong passage is believed more; the second is half right."""
    items = [
        Item("1", "news", "Where?", (seen("Ada left for Graz.", "Graz"), seen("Ivo left for Split."))),
        Item("2", "news", "Where?", (seen("Ada left for Nové Graz.", "Nové Graz"), seen("It rained."))),
        Item("3", "news", "Why?", (seen("It rained."),)),
        Item("4", "tables", "Where?", (seen("Town: Graz", "Graz"),)),
    ]
    best = [[(2.0, "Graz"), (3.0, "Split")], [(4.0, "Graz"), (-1.0, "It")], [(5.0, "It")], [(1.0, "Graz")]]
    found = judged(items, best)
    half = 2 / 3
    assert found["news"]["alone"] == pytest.approx((1 + half) / 2, abs=1e-4)
    assert found["news"]["among"] == pytest.approx(half / 2, abs=1e-4)
    # sure: 3 and 4; unsure: 3, -1 and 5
    assert found["news"]["auroc"] == pytest.approx((0.5 + 1 + 0 + 1 + 1 + 0) / 6, abs=1e-4)
    assert math.isnan(found["tables"]["auroc"])
    assert found[EVERY] == {
        "alone": pytest.approx((found["news"]["alone"] + 1) / 2, abs=1e-4),
        "among": pytest.approx((found["news"]["among"] + 1) / 2, abs=1e-4),
        "auroc": found["news"]["auroc"],
        "questions": 4,
    }


def test_the_torch_model_finds_what_the_reader_in_8_bits_finds() -> None:
    texts = ["The harbour bridge was opened on 4 May 1987 by the mayor, Ingrid Solheim.", "It rained all day."]
    items = [Item("1", "news", "Who opened the harbour bridge?", tuple(seen(text) for text in texts))]
    model = as_torch(SHIPPED)
    ours = read_by_model(model, items, Encoder(packaged() / TOKENIZER, 320), "cpu")
    theirs = read_by(OnnxReader(SHIPPED), items)
    assert ours[0][0][1] == theirs[0][0][1]
    assert [margin for margin, _ in ours[0]] == pytest.approx([margin for margin, _ in theirs[0]], abs=1.0)
