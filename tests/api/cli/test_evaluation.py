"""`citeqa evaluate` on sets that bring their corpus, on retrieval alone, stopped and gone on with, and comparing."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from support.question_sets import SQUAD, beir

from citeqa.api.cli.main import main
from citeqa.api.evaluation.local import LocalClient


class Result(NamedTuple):
    status: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def citeqa(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs a command line in this process, in an empty folder and an environment without settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("INDEX", "MODEL", "PRECISION", "READER"):
        monkeypatch.delenv(f"CITEQA_{name}", raising=False)

    def run(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["citeqa", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        assert code is None or isinstance(code, int)
        return Result(code or 0, *capsys.readouterr())

    return run


def squad(folder: Path) -> Path:
    path = folder / "dev.json"
    path.write_text(json.dumps(SQUAD), encoding="utf-8")
    return path


def record(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def test_a_beir_folder_is_indexed_once_and_its_retrieval_measured(citeqa: Run, tmp_path: Path) -> None:
    beir(tmp_path / "owls")
    result = citeqa("evaluate", "owls", "--output", "out.json", "--report", "out.html")
    assert result.status == 0
    assert "only retrieval is measured" in result.err
    assert "left out: corpus.jsonl, line 3: it is empty" in result.err
    assert "document nDCG@10" in result.out
    rows = record(tmp_path / "out.json")["rows"]
    assert [row["id"] for row in rows] == ["q1", "q2"]
    assert all(row["measures"]["Success@5"] == 1 for row in rows)
    assert "first at rank" in (tmp_path / "out.html").read_text(encoding="utf-8")
    (made,) = (tmp_path / ".citeqa" / "evaluations").iterdir()
    written = (made / "indexed.json").stat().st_mtime_ns
    assert citeqa("evaluate", "owls").status == 0
    assert (made / "indexed.json").stat().st_mtime_ns == written
    assert list(made.parent.iterdir()) == [made]


def test_a_squad_file_is_asked_over_http(citeqa: Run, tmp_path: Path) -> None:
    result = citeqa("evaluate", squad(tmp_path), "--output", "out.json")
    assert result.status == 0
    made = record(tmp_path / "out.json")
    assert [(row["id"], row["answerable"]) for row in made["rows"]] == [("a", True), ("b", False), ("c", True)]
    assert made["figures"]["all"]["exact citations"]["value"] == 1
    assert made["figures"]["all"]["place in 600 characters"]["value"] == 1


def test_retrieval_alone_asks_only_what_can_be_found(citeqa: Run, tmp_path: Path) -> None:
    assert citeqa("evaluate", squad(tmp_path), "--retrieval", "--output", "out.json").status == 0
    made = record(tmp_path / "out.json")
    assert [row["id"] for row in made["rows"]] == ["a", "c"]
    assert made["about"]["measured"] == "retrieval"
    assert "EM" not in made["figures"]["all"]


def test_a_set_without_answerable_questions_is_refused(citeqa: Run, tmp_path: Path) -> None:
    row = {"id": "1", "question": "What?", "answers": [], "documents": [], "answerable": False}
    (tmp_path / "questions.jsonl").write_text(json.dumps(row), encoding="utf-8")
    (tmp_path / "corpus.jsonl").write_text('{"id": "d", "text": "The ferry leaves at noon."}', encoding="utf-8")
    result = citeqa("evaluate", tmp_path, "--retrieval")
    assert (result.status, result.out) == (1, "")
    assert "nothing to find" in result.err


def test_a_limit_bounds_the_questions_of_each_split(citeqa: Run, tmp_path: Path) -> None:
    assert citeqa("evaluate", squad(tmp_path), "--limit", "1", "--output", "out.json").status == 0
    assert len(record(tmp_path / "out.json")["rows"]) == 1


def test_an_interrupted_run_continues(citeqa: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    ask = LocalClient.ask

    def counted(self: Any, body: dict[str, Any]) -> Any:
        if len(set(asked)) == 2:
            raise KeyboardInterrupt
        asked.append(body["question"])
        return ask(self, body)

    path = squad(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(LocalClient, "ask", counted)
        result = citeqa("evaluate", path, "--output", "out.json")
    assert result.status == 130
    assert "run the same command again to continue" in result.err
    assert not (tmp_path / "out.json").exists()
    kept = [json.loads(line) for line in (tmp_path / "out.json.partial").read_text().splitlines()][1:]
    assert kept
    assert citeqa("evaluate", path, "--output", "out.json").status == 0
    rows = record(tmp_path / "out.json")["rows"]
    assert len(rows) == 3
    assert rows[: len(kept)] == kept  # to the millisecond: they were not asked again
    assert not (tmp_path / "out.json.partial").exists()


def test_two_runs_are_compared_and_the_comparison_can_be_kept(citeqa: Run, tmp_path: Path) -> None:
    assert citeqa("evaluate", squad(tmp_path), "--output", "a.json").status == 0
    made = record(tmp_path / "a.json")
    for row in made["rows"]:
        if row["id"] == "a":
            row.update(answered=True, right=not row["right"], answer="\x1b[31mnobody")
    (tmp_path / "b.json").write_text(json.dumps(made), encoding="utf-8")
    result = citeqa("evaluate", "--compare", "a.json", "b.json", "--output", "c.json")
    assert result.status == 0
    assert "Who wakes at dusk?" in result.out
    assert "\x1b[31m" not in result.out
    kept = record(tmp_path / "c.json")
    assert len(kept["better"]) + len(kept["worse"]) == 1
    assert {"measure", "before", "after", "low", "high", "p", "better", "worse", "total"} == set(kept["differences"][0])


@pytest.mark.parametrize(
    "arguments", [(), ("dev.json", "--compare", "dev.json", "dev.json"), ("--compare", "dev.json")]
)
def test_a_set_or_two_runs_must_be_given(citeqa: Run, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    squad(tmp_path)
    result = citeqa("evaluate", *arguments)
    assert (result.status, result.out) == (2, "")


def test_a_file_that_is_not_a_run_is_refused_with_the_command_that_makes_one(citeqa: Run, tmp_path: Path) -> None:
    path = squad(tmp_path)
    result = citeqa("evaluate", "--compare", path, path)
    assert (result.status, result.out) == (1, "")
    assert "is not a run" in result.err
    assert "--output" in result.err
