"""The public sets: which questions are reported, the table, and a run over what is there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.paths import ROOT
from support.question_sets import beir, lines
from typer.testing import CliRunner

from citeqa.api.evaluation.public import app
from citeqa.rag.evaluation import public, table
from citeqa.rag.evaluation.questions import Question


def question(name: str, split: str = "all") -> Question:
    return Question(name, f"{name}?", (), frozenset({"d"}), True, split, ())


def test_of_a_set_with_splits_the_report_is_asked_and_of_others_the_odd_positions() -> None:
    split = [question("a", "fit"), question("b", "report"), question("c", "fit"), question("d", "report")]
    assert [one.id for one in public.asked(split, "report")] == ["b", "d"]
    assert [one.id for one in public.asked(split, "fit")] == ["a", "c"]
    plain = [question(name) for name in "abcde"]
    assert [(one.id, one.split) for one in public.asked(plain, "report")] == [("b", "report"), ("d", "report")]
    assert [(one.id, one.split) for one in public.asked(plain, "fit")] == [("a", "fit"), ("c", "fit"), ("e", "fit")]


def test_the_seed_articles_set_has_its_corpus_and_only_what_is_reported() -> None:
    given = public.read("seeds", ROOT, ROOT)
    assert given.corpus
    assert given.corpus.count == 5
    raw = [json.loads(line) for line in (ROOT / "tests" / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [one.id for one in given.questions] == [row["id"] for row in raw if row["split"] == "report"]
    assert len(public.limited(given, 7).questions) == 7
    assert public.limited(given, None) == given


def row(name: str, value: float, *, answerable: bool = True) -> dict[str, Any]:
    return {"id": name, "answerable": answerable, "in_sentence": value, "measures": {"AP": value}}


def test_the_program_is_compared_with_the_baseline_that_is_best() -> None:
    runs = {
        "weak": [row("a", 0.0), row("b", 0.0), row("c", 0.0)],
        "strong": [row("a", 1.0), row("b", 0.0), row("c", 0.0)],
        "citeqa": [row("a", 1.0), row("b", 1.0), row("c", 0.0)],
    }
    for rows in runs.values():
        rows.append(row("never", 1.0, answerable=False))
    sentence, ap = public.against_best(runs, {"in_sentence": "answer in sentence", "AP": "document MAP"})
    assert (sentence["baseline"], sentence["before"], sentence["after"]) == (
        "strong", pytest.approx(1 / 3), pytest.approx(2 / 3)
    )  # fmt: skip
    assert (sentence["better"], sentence["worse"], sentence["total"]) == (1, 0, 3)
    assert ap["measure"] == "document MAP"


RESULT: dict[str, Any] = {
    "set": "owls", "date": "2026-02-26T10:00:00+00:00", "versions": {"python": "3.11"}, "questions": 5,
    "answerable": 3, "documents": 1200, "passages": 3400, "limit": None,
    "retrieval": {
        "BM25": {"document nDCG@10": {"value": 0.5, "low": 0.4, "high": 0.6}, "document RR": {"value": None}},
        "citeqa": {"document nDCG@10": {"value": 0.75, "low": 0.7, "high": 0.8}},
    },
    "answers": {"citeqa": {
        "EM": {"value": 0.5, "low": 0.25, "high": 0.75},
        "exact citations": {"value": 1.0, "low": 0.9, "high": 1.0, "hits": 1234, "total": 1234},
        "median ms": {"value": 41.7, "low": 40.0, "high": 43.0},
    }},
    "against": [{"measure": "nDCG@10", "baseline": "BM25", "before": 0.5, "after": 0.75, "low": 0.125, "high": 0.375,
                 "p": 0.03, "better": 2, "worse": 0, "total": 3}],
}  # fmt: skip


def test_the_table_in_markdown() -> None:
    made = table.markdown([RESULT], "make evaluate")
    assert "| set | system | nDCG@10 |\n| --- | --- | ---: |\n| owls | BM25 | 0.500 [0.400, 0.600] |" in made
    assert "| owls | **citeqa** | 0.750 [0.700, 0.800] |" in made
    assert "| owls | **citeqa** | 0.500 [0.250, 0.750] | 1,234 of 1,234 | 42 |" in made
    assert "- owls, nDCG@10: +0.250 [+0.125, +0.375] against BM25, p = 0.0300 (2 better, 0 worse of 3)" in made
    assert (
        "3 answerable and 2 unanswerable questions, 1,200 documents in 3,400 passages; 2026-02-26, python 3.11" in made
    )
    assert "Command: `make evaluate`" in made


@pytest.mark.slow
def test_sets_that_are_there_are_measured_and_others_named(tmp_path: Path) -> None:
    beir(tmp_path / "data" / "scifact")
    lines(tmp_path / "data" / "scifact" / "queries.jsonl", [
        {"_id": "q1", "text": "When does the ferry leave?"}, {"_id": "q2", "text": "What do owls eat?"}
    ])  # fmt: skip
    at = ["--data", str(tmp_path / "data"), "--index", str(tmp_path / "index")]
    found = CliRunner().invoke(app, ["--limit", "6", *at], catch_exceptions=False)
    assert found.exit_code == 0
    for name in ("squad_dev", "news_quiz"):
        assert f"skipped {name}: {tmp_path / 'data' / name} does not exist" in found.stderr.replace("\n", "")
    for system in ("BM25", "dense", "reciprocal-rank fusion", "**citeqa**"):
        assert f"| scifact | {system} |" in found.stdout
        assert f"| seeds | {system} |" in found.stdout
    assert "| seeds | best-cosine sentence |" in found.stdout
    assert "| scifact | best-cosine sentence |" not in found.stdout  # it has no answers
    assert "1 answerable and 0 unanswerable questions" in found.stdout
    kept = tmp_path / "index" / "evaluations" / "public"
    run = json.loads((kept / "scifact.BM25.json").read_text(encoding="utf-8"))
    assert [one["id"] for one in run["rows"]] == ["q2"]
    assert (kept / "seeds.answers.html").exists()
    choosing = CliRunner().invoke(app, ["--set", "scifact", "--fit", "--retrieval", *at], catch_exceptions=False)
    assert "| scifact-fit | **citeqa** |" in choosing.stdout
    again = CliRunner().invoke(app, ["--table", "--set", "seeds", *at], catch_exceptions=False)
    assert "| seeds | **citeqa** |" in again.stdout
    assert "scifact" not in again.stdout


def test_a_set_that_is_none_is_wrong_usage() -> None:
    assert CliRunner().invoke(app, ["--set", "nonsense"]).exit_code == 2
