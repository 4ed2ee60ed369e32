"""The second look is fitted: what was planted is found, no more is read again than pays, and the answers of both looks
together are as precise as asked."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from citeqa.index.types import Span
from citeqa.rag.candidates import Candidate
from citeqa.rag.confidence import load
from citeqa.rag.evaluation import fit_look
from citeqa.rag.evaluation.fit import fit
from citeqa.rag.evaluation.fit_look import DOUBTS, MOST, SLACK, WEIGHTS, Chosen, Looked, choose
from citeqa.rag.evaluation.judged import Read, features_at, places_of
from citeqa.rag.evaluation.questions import Question
from citeqa.rag.look import FITTED, load_look
from citeqa.rag.reader.onnx_reader import CONFIDENCE, SHIPPED, OnnxReader

USEFUL = 2  # passages: what the others hold is never right


def candidates(margins: Sequence[float]) -> tuple[Candidate, ...]:
    return tuple(
        Candidate("d", Span(10 * i, 10 * i + 5), f"word{i}", margin, 0.5, 0.5, margin, first=True)
        for i, margin in enumerate(margins)
    )


def drawn(count: int, seed: int = 7) -> list[Looked]:
    """Questions whose first two candidates may be right. The first reader knows little of it, the second much, but only
    where it has read the passage; the first is sure of every third, and right then."""
    chance, rows = np.random.default_rng(seed), []
    for number in range(count):
        answerable = number % 4 != 0
        right = np.zeros(6, dtype=bool)
        right[int(chance.integers(0, USEFUL))] = answerable
        sure = answerable and number % 3 == 0
        first = chance.normal(0, 1.5, 6) + 0.5 * right + 9 * right * sure
        second = chance.normal(0, 1.5, 6) + 4.0 * right - 1.0
        second[USEFUL:] = first[USEFUL:]
        answers, documents = (("a",), frozenset("d")) if answerable else ((), frozenset[str]())
        question = Question(str(number), "?", answers, documents, answerable, "fit", ())
        twice = {}
        for weight in WEIGHTS if not sure else ():
            for passages in range(1, MOST + 1):
                margins = np.where(np.arange(6) < passages, (1 - weight) * first + weight * second, first)
                twice[weight, passages] = Read(question, candidates([*map(float, margins)]), right)
        once = Read(question, candidates([*map(float, first)]), right)
        rows.append(Looked(once, 0.97 if sure else float(chance.uniform(0.1, 0.75)), twice))
    return rows


@pytest.fixture(scope="module")
def rows() -> list[Looked]:
    return drawn(1200)


@pytest.mark.slow
def test_the_reader_that_knows_more_counts_more_and_no_passage_is_read_in_vain(rows: list[Looked]) -> None:
    chosen, table = choose([rows])
    assert chosen.weight >= 0.6
    assert chosen.passages == USEFUL
    assert chosen.below == 0.8  # the lowest doubt above those of all that are not sure
    ways = {(row["passages"], row["below"]): row for row in table if "passages" in row}
    assert len(ways) == MOST * len(DOUBTS)
    own = ways[chosen.passages, chosen.below]
    assert own["right"] >= max(row["right"] for row in ways.values()) - SLACK
    assert own["cost"] == pytest.approx(USEFUL * np.mean([bool(row.twice) for row in rows]), abs=1e-3)


@pytest.mark.slow
def test_no_more_is_read_than_the_budget_allows(rows: list[Looked]) -> None:
    chosen, table = choose([rows], budget=0.8)
    ways = {(row["passages"], row["below"]): row for row in table if "passages" in row}
    assert ways[chosen[1:]]["cost"] <= 0.8


def test_all_answers_together_are_as_precise_as_asked(rows: list[Looked]) -> None:
    chosen = Chosen(0.7, 2, 0.8)
    first = fit([row.once for row in rows])
    fitted = fit_look.fit_look([rows], chosen, first, 0.8)
    given = []
    for row in rows:
        read, judging = row.read(chosen), fitted if row.is_unsure(chosen) else first
        best = places_of(read, judging)[0]
        value = fitted.probability(features_at(read, best)) if row.is_unsure(chosen) else row.sure
        if value >= fitted.threshold:
            given.append(bool(read.right[best]))
    assert np.mean(given) == pytest.approx(0.8, abs=0.005)
    assert sum(given) > 0.4 * len(rows)


def test_the_command_writes_a_second_look_that_can_be_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: OnnxReader
) -> None:
    (tmp_path / "texts").mkdir()
    ferries = {"harbour": "noon", "school": "seven", "market": "nine", "lake": "eight"}
    for name, time in ferries.items():
        (tmp_path / "texts" / f"{name}.txt").write_text(f"The ferry of the {name} leaves at {time}.")
    asked = [
        {"id": name, "question": f"When does the ferry of the {name} leave?", "answers": [f"at {time}"],
         "documents": [name], "answerable": True, "split": "fit"}
        for name, time in ferries.items()
    ]  # fmt: skip
    asked += [
        {"id": f"no {n}", "question": f"Who painted the {n} boats?", "answers": [], "documents": [],
         "answerable": False, "split": "fit"}
        for n in ("red", "blue", "green")
    ]  # fmt: skip
    both = {
        "question": "When does a ferry leave?",
        "answers": ["at noon", "at seven"],
        "documents": ["harbour", "school"],
    }
    asked += [asked[0] | both | {"id": "both"}, asked[0] | {"id": "report", "split": "report"}]
    (tmp_path / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in asked))
    monkeypatch.setattr(fit_look, "DOUBTS", (1.0,))
    second = tmp_path / "second"
    shutil.copytree(SHIPPED, second)
    arguments = [second, tmp_path / "questions.jsonl", tmp_path / "texts"]
    monkeypatch.setattr(sys, "argv", ["fit_look", *map(str, arguments)])
    fit_look.main()
    look = load_look(reader.info, second)
    assert look
    assert look.weight in WEIGHTS
    assert 1 <= look.passages <= MOST
    stored = json.loads((second / FITTED).read_text())["fitted_on"]
    assert [one["questions"] for one in stored["sets"]] == [8]
    assert stored["first"]["sha256"] == stored["reader"]["sha256"] == reader.info.sha256
    assert load(SHIPPED / CONFIDENCE)[0].threshold > 0
