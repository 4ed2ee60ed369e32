"""Fitting finds what was planted, never looks at the report half, and what ships belongs to what ships with it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from support.paths import QUESTIONS
from support.readers import ScriptedReader

from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.storage.settings import settings_of
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.writer import update
from citeqa.index.types import Span
from citeqa.rag.candidates import Candidate, features_of
from citeqa.rag.confidence import FITTED, Confidence, Features, load, stale
from citeqa.rag.evaluation import fit, judged
from citeqa.rag.evaluation.questions import Question
from citeqa.rag.reader.onnx_reader import SHIPPED, OnnxReader

FITTED_ON = json.loads(FITTED.read_text(encoding="utf-8"))["fitted_on"]

PLANTED = Confidence(2.0, intercept=-1.0, weights=Features(1.0, 1.5, -1.0, -0.5, 0.0, 0.0, -1.0), threshold=0.0)


def question(number: int, answer: str | None) -> Question:
    answers, documents = ((answer,), frozenset("d")) if answer else ((), frozenset[str]())
    return Question(str(number), "?", answers, documents, bool(answer), "fit", ())


def drawn(count: int, seed: int = 3) -> list[fit.Read]:
    """Questions with six candidates each, whose rightness was drawn as `PLANTED` says: which one is likely to be right
    by the ordering's softmax, and whether the best one is, by the confidence."""
    chance, names = np.random.default_rng(seed), np.random.default_rng(seed + 1000)
    rows = []
    for number in range(count):
        values = chance.normal(0, 1.5, 6), chance.uniform(0, 1, 6), chance.uniform(0, 1, 6)
        candidates = [
            Candidate("d", Span(10 * i, 10 * i + 5), f"word{i}", m, e, c, 0.0, first=True)
            for i, (m, e, c) in enumerate(zip(*(map(float, some) for some in values), strict=True))
        ]
        scores = np.array([PLANTED.score(p.margin, p.evidence) for p in candidates])
        chosen = int(chance.choice(6, p=np.exp(scores) / np.exp(scores).sum()))
        best = int(scores.argmax())
        right = np.zeros(6, dtype=bool)
        unknown = int(names.integers(0, 3))
        if chance.random() < PLANTED.probability(features_of(candidates[best], candidates, unknown)):
            right[chosen] = True
        rows.append(
            fit.Read(question(number, f"word{chosen}" if right.any() else None), tuple(candidates), right, unknown)
        )
    return rows


@pytest.fixture(scope="module")
def rows() -> list[fit.Read]:
    return drawn(3000)


def test_the_ordering_that_was_planted_is_found(rows: Sequence[fit.Read]) -> None:
    found = fit.fit(rows)
    assert found.evidence_weight == pytest.approx(PLANTED.evidence_weight, rel=0.25)


def test_the_penalty_hardly_holds_weights_down_and_does_not_depend_on_units(
    rows: Sequence[fit.Read], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The spread of the evidence is a fraction of the margin's."""
    held = fit.fit(rows)
    small = [
        replace(row, candidates=tuple(replace(p, evidence=p.evidence / 100) for p in row.candidates)) for row in rows
    ]  # fmt: skip
    assert fit.fit(small).evidence_weight == pytest.approx(100 * held.evidence_weight, rel=1e-2)
    monkeypatch.setattr(fit, "PENALTY", 1e-6)
    free = fit.fit(rows)
    assert held.evidence_weight == pytest.approx(free.evidence_weight, rel=0.02)


def test_what_a_question_counts_reaches_the_ordering_too(rows: Sequence[fit.Read]) -> None:
    """Half of the questions are ordered by evidence against what was planted: they win where they count more."""
    told = rows[:400]
    against = [
        replace(row, candidates=tuple(replace(p, evidence=-p.evidence) for p in row.candidates))
        for row in rows[400:800]
    ]
    few = [*told, *against]
    weighed = fit.fit(few, weights=[3.0] * 400 + [1.0] * 400)
    repeated = fit.fit([*told, *told, *told, *against])
    assert weighed.evidence_weight == pytest.approx(repeated.evidence_weight, abs=1e-3)
    other = fit.fit(few, weights=[1.0] * 400 + [3.0] * 400)
    assert weighed.evidence_weight > 0 > other.evidence_weight


def best_features(rows: Sequence[fit.Read], ordering: Confidence) -> tuple[list[Features], list[bool]]:
    found, right = [], []
    for row in rows:
        scores = [ordering.score(p.margin, p.evidence) for p in row.candidates]
        best = scores.index(max(scores))
        found.append(features_of(row.candidates[best], row.candidates, row.unknown))
        right.append(bool(row.right[best]))
    return found, right


def test_the_confidence_means_what_it_says(rows: Sequence[fit.Read]) -> None:
    """Of the answers given with about a confidence, about that share is right; on rows that were not fitted on."""
    found = fit.fit(rows)
    features, right = best_features(drawn(3000, seed=4), found)
    confidences = np.array([found.probability(one) for one in features])
    assert confidences.std() > 0.1
    for low in (0.1, 0.2, 0.3, 0.4, 0.5):
        inside = (confidences >= low) & (confidences < low + 0.1)
        if inside.sum() >= 150:
            assert np.array(right)[inside].mean() == pytest.approx(confidences[inside].mean(), abs=0.1)


def test_the_confidence_knows_of_names_that_no_document_mentions(rows: Sequence[fit.Read]) -> None:
    found, other = fit.fit(rows), drawn(3000, seed=6)
    features, right = best_features(other, found)
    shares = []
    for count in (0, 1, 2):
        some = [
            (found.probability(f), r) for f, r, row in zip(features, right, other, strict=True) if row.unknown == count
        ]
        confidences, rights = np.array(some).T
        assert confidences.mean() == pytest.approx(rights.mean(), abs=0.05)
        shares.append(rights.mean())
    assert shares[0] > 1.2 * shares[1] > 1.2 * shares[2]


def test_second_and_third_places_have_a_probability_of_their_own(rows: Sequence[fit.Read]) -> None:
    """Of the second and third best candidates with about a probability, about that share is right; not so with the
    probability of the best. On rows that were not fitted on."""
    found = fit.fit(rows)
    chances, as_best, right = [], [], []
    for row in drawn(3000, seed=5):
        order = np.argsort([-found.score(p.margin, p.evidence) for p in row.candidates])
        for place in order[1:3]:
            features = features_of(row.candidates[place], row.candidates, row.unknown)
            chances.append(found.others.probability(features))
            as_best.append(found.probability(features))
            right.append(bool(row.right[place]))
    assert np.mean(chances) == pytest.approx(np.mean(right), abs=0.02)
    squares = [np.mean((np.array(some) - right) ** 2) for some in (chances, as_best)]
    assert squares[0] < squares[1]


@pytest.mark.parametrize("precision", [0.65, 0.75])
def test_from_the_threshold_on_answers_are_as_precise_as_asked_and_no_lower_one_would_do(
    rows: Sequence[fit.Read], precision: float
) -> None:
    found = fit.fit(rows, precision)
    features, right = best_features(rows, found)
    confidences = np.array([found.probability(one) for one in features])
    given = confidences >= found.threshold
    assert given.sum() > 20
    assert np.array(right)[given].mean() >= precision
    for lower in np.sort(confidences[~given])[::-1][:200]:
        assert np.array(right)[confidences >= lower].mean() < precision


def test_a_higher_precision_never_lowers_the_threshold(rows: Sequence[fit.Read]) -> None:
    thresholds = [fit.fit(rows[:600], precision).threshold for precision in (0.2, 0.4, 0.6, 0.8)]
    assert thresholds == sorted(thresholds)


def test_questions_for_which_nothing_was_read_are_left_out(rows: Sequence[fit.Read]) -> None:
    nothing = fit.Read(question(9999, "x"), (), np.array([], dtype=bool))
    assert fit.fit([*rows[:300], nothing]) == fit.fit(rows[:300])


@pytest.mark.parametrize(
    ("confidences", "right", "mass", "precision", "expected"),
    [
        ([0.9, 0.8, 0.7, 0.6], [1, 1, 0, 0], [1, 1, 1, 1], 0.75, (0.8 + 0.7) / 2),
        ([0.9, 0.8, 0.7, 0.6], [1, 1, 0, 0], [1, 1, 1, 1], 0.5, 0.6),
        ([0.9, 0.8, 0.7, 0.6], [0, 1, 1, 1], [1, 1, 1, 1], 0.75, 0.6),  # what is first counts only with the rest
        ([0.6, 0.9, 0.7, 0.8], [0, 1, 0, 1], [1, 1, 1, 1], 0.75, (0.8 + 0.7) / 2),  # in any order
        ([0.9, 0.8], [0, 0], [1, 1], 0.75, (0.9 + 0.8) / 2),  # never precise enough: as high as can be
        ([0.9, 0.8, 0.7], [1, 0, 0], [3, 1, 1], 0.75, (0.8 + 0.7) / 2),  # the first counts for three
        ([0.7, 0.9, 0.8], [0, 1, 0], [1, 3, 1], 0.75, (0.8 + 0.7) / 2),
    ],
)
def test_the_threshold_by_hand(
    confidences: list[float], right: list[int], mass: list[float], precision: float, expected: float
) -> None:
    found = judged.threshold(np.array(confidences), np.array(right, dtype=bool), np.array(mass), precision)
    assert found == pytest.approx(expected)


def test_a_question_that_counts_twice_counts_as_two(rows: Sequence[fit.Read]) -> None:
    some = rows[:300]
    once, twice = fit.fit([*some, *some], 0.7), fit.fit(some, 0.7, [2.0] * len(some))
    assert once.evidence_weight == pytest.approx(twice.evidence_weight, abs=1e-3)
    assert tuple(once.weights) == pytest.approx(tuple(twice.weights), abs=1e-3)
    assert (once.intercept, once.threshold) == pytest.approx((twice.intercept, twice.threshold), abs=1e-3)


def test_the_weights_by_hand() -> None:
    """Two candidates that differ in one feature by 1, that is 2 of its spreads; a question that counts `m`.

    The loss is `v² / 2 + m ln(1 + e^-2v)`, least where `v = 2 m / (1 + e^2v)`; the weight is `v` over the spread."""
    features = np.array([[1.0, 0.5], [0.0, 0.5]])
    for mass in (1.0, 10.0):
        margin, evidence = fit._fit_weights([fit.Group(features, np.array([True, False]), mass)])
        v = margin / 2
        assert v == pytest.approx(2 * mass / (1 + np.exp(2 * v)), abs=1e-4)
        assert evidence == pytest.approx(0, abs=1e-3)


TEXTS = {
    "ferry": "The ferry to Inishmore leaves at noon. It carries nine cars.",
    "bridge": "The bridge cost nine million crowns. It is blue.",
}


def test_a_set_that_is_left_out_is_judged_by_what_the_others_teach(rows: Sequence[fit.Read]) -> None:
    """Where the answers of a set are all wrong, only a confidence that never saw it is surprised."""
    usual = [rows[:1000], rows[1000:2000]]
    wrong = [replace(row, right=np.zeros(6, dtype=bool)) for row in rows[2000:2400]]
    fair, other, odd = fit.left_out([*usual, wrong])
    assert odd["precision"] == 0
    assert odd["ece"] > 0.25
    assert fit.left_out(usual)[0]["ece"] < 0.06
    assert min(fair["auroc"], other["auroc"]) > 0.7


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    for name, text in TEXTS.items():
        (folder / f"{name}.txt").write_text(text)
    return folder


def test_what_was_read_is_right_where_words_and_document_are(corpus: Path, tmp_path: Path, embedder: Embedder) -> None:
    update(tmp_path / "index", [corpus], embedder)
    index = Index(tmp_path / "index")
    asked = Question("1", "How many cars?", ("nine cars",), frozenset(["ferry"]), True, "fit", ())
    unanswerable = Question("2", "How many buses?", (), frozenset(), False, "fit", ())
    scripted = ScriptedReader({"nine cars": 3, "nine": 2, "carries nine cars today": 2, "noon": 1, "nine million": 0})
    first, second = fit.read(index, embedder, scripted, [asked, unanswerable])
    found = {
        (candidate.document_id, candidate.text): bool(right)
        for candidate, right in zip(first.candidates, first.right, strict=True)
    }
    assert found == {
        ("ferry", "nine cars"): True,
        ("ferry", "nine"): True,  # F1 of 2/3
        ("ferry", "noon"): False,
        ("bridge", "nine"): False,  # right words, wrong document
        ("bridge", "nine million"): False,
    }
    assert not second.right.any()
    index.close()


def rewritten(folder: Path, change: Callable[[dict[str, object]], object]) -> Path:
    """A small question set over the corpus, each row changed."""
    asked = [
        ("When does the ferry to Inishmore leave?", "noon", "ferry"),
        ("How many cars does the ferry carry?", "nine cars", "ferry"),
        ("How much did the bridge cost?", "nine million crowns", "bridge"),
        ("What colour is the bridge?", "blue", "bridge"),
        ("Who discovered penicillin?", None, None),
        ("Who wrote the anthem of Peru?", None, None),
    ]
    lines = []
    for number, (text, answer, document) in enumerate(asked * 2):
        row: dict[str, object] = {
            "id": str(number),
            "question": text,
            "answers": [answer] if answer else [],
            "documents": [document] if document else [],
            "answerable": bool(answer),
            "split": "fit" if number < len(asked) else "report",
        }
        change(row)
        lines.append(json.dumps(row) + "\n")
    folder.mkdir()
    (folder / "questions.jsonl").write_text("".join(lines))
    return folder / "questions.jsonl"


def nonsense(row: dict[str, object]) -> None:
    """Every question of the report half becomes one that would change the fit if it were read."""
    if row["split"] == "report":
        row |= {"question": "Noon?", "answers": ["is"], "documents": ["bridge"], "answerable": True}


def test_the_command_writes_what_was_fitted_on_what_and_never_looks_at_the_report_half(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, models: Path, embedder: Embedder
) -> None:
    monkeypatch.setattr(fit, "load_embedder", lambda name, cache: embedder)  # exported already
    outputs = []
    for name, change in (("whole", lambda row: None), ("nonsense", nonsense)):
        questions = rewritten(tmp_path / name, change)
        outputs.append(tmp_path / f"{name}.json")
        monkeypatch.setattr(sys, "argv", ["fit", str(questions), str(corpus), "--output", str(outputs[-1])])
        fit.main()
    (one, about), (other, about_other) = map(load, outputs)
    assert one == other
    assert about["sets"] == [
        {
            "name": "whole",
            "sha256": sha256((tmp_path / "whole/questions.jsonl").read_bytes()).hexdigest(),
            "questions": 6,
        }
    ]
    assert about_other["sets"][0]["questions"] == 6
    info = OnnxReader(SHIPPED).info
    assert about["reader"] == {"name": info.name, "sha256": info.sha256, "precision": info.precision}
    assert about["index"] == settings_of(embedder.info, ChunkerSettings())
    assert about["precision"] == fit.PRECISION
    assert stale(about, info, about["index"]) == []


def test_each_question_set_needs_its_corpus(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["fit", "questions.jsonl"])
    with pytest.raises(SystemExit):
        fit.main()
    assert "each question set must be followed by its corpus" in capsys.readouterr().err


def test_the_shipped_numbers_were_fitted_for_the_shipped_reader_and_these_settings(
    seeds: Index, reader: OnnxReader
) -> None:
    assert stale(FITTED_ON, reader.info, seeds.settings) == []
    assert FITTED_ON["reader"]["precision"] == reader.info.precision


def test_the_shipped_numbers_were_fitted_on_this_question_set() -> None:
    digests = {one["name"]: (one["sha256"], one["questions"]) for one in FITTED_ON["sets"]}
    fitting = sum(json.loads(line)["split"] == "fit" for line in QUESTIONS.read_text(encoding="utf-8").splitlines())
    assert digests["tests"] == (sha256(QUESTIONS.read_bytes()).hexdigest(), fitting)
