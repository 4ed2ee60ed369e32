"""The command line: what it prints, with which status it ends, and that it says what HTTP says."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import sysconfig
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.command_line import Run
from support.paths import QUESTIONS, SEEDS

from citeqa.api.evaluation.local import LocalClient, serving
from citeqa.api.service import Service

CITEQA = Path(sysconfig.get_path("scripts")) / "citeqa"
ANSWERABLE = "How much aid did the US pledge to Cubans?"
ELSEWHERE = "Who discovered penicillin?"


@pytest.fixture(scope="module")
def http(service: Service) -> Iterator[LocalClient]:
    with serving(service) as client:
        yield client


def same(found: Any, expected: Any) -> None:
    """Equal field by field; numbers to five digits, because texts read in other company round otherwise."""
    if isinstance(expected, dict):
        assert list(found) == list(expected)
        for name in expected:
            if name != "timing_ms":
                same(found[name], expected[name])
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            same(one, other)
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, abs=1e-5)
    else:
        assert found == expected


@pytest.mark.parametrize(
    ("options", "body"),
    [
        ((ANSWERABLE,), {}),
        ((ELSEWHERE, "--k", "2"), {"k": 2}),
        ((ELSEWHERE, "--min-confidence", "0"), {"min_confidence": 0}),
        (
            (ANSWERABLE, "--from", "2025-01-01", "--to", "2025-12-31"),
            {"filters": {"date_from": "2025-01-01", "date_to": "2025-12-31"}},
        ),
        ((ANSWERABLE, "--source", "nobody"), {"filters": {"source": "nobody"}}),
        (("What was reported last week of Cuba?", "--today", "2026-03-04"), {"today": "2026-03-04"}),
        (("Who met Rubio in May 2025?", "--no-dates"), {"use_dates": False}),
    ],
    ids=["answer", "abstention", "forced", "dates", "filtered out", "today", "no dates"],
)
def test_ask_as_json_is_what_http_answers(
    citeqa: Run, http: LocalClient, seeds_index: Path, options: tuple[str, ...], body: dict[str, Any]
) -> None:
    result = citeqa("ask", *options, "--json", "--index", seeds_index)
    assert result.status == 0
    same(json.loads(result.out), http.ask({"question": options[0], **body}))


def test_search_as_json_is_what_http_answers(citeqa: Run, http: LocalClient, seeds_index: Path) -> None:
    result = citeqa("search", ANSWERABLE, "--k", "3", "--json", "--index", seeds_index)
    expected = http._http.post("/api/search", json={"question": ANSWERABLE, "k": 3}).json()
    assert result.status == 0
    same(json.loads(result.out), expected)


def test_documents_as_json_is_what_http_answers(citeqa: Run, http: LocalClient, seeds_index: Path) -> None:
    for options, parameters in (((), {}), (("--contains", "RUBIO"), {"q": "rubio"})):
        result = citeqa("documents", *options, "--json", "--index", seeds_index)
        assert result.status == 0
        same(json.loads(result.out), http._http.get("/api/documents", params=parameters).json())


def test_ask_shows_the_sentence_of_the_answer_its_source_and_the_confidence(citeqa: Run, seeds_index: Path) -> None:
    result = citeqa("ask", ANSWERABLE, "--min-confidence", "0", "--index", seeds_index)
    assert (result.status, result.err) == (0, "")
    short, sentence, byline, *_ = result.out.splitlines()
    assert "$9 million" in short
    assert sentence.startswith("The U.S. has separately pledged to provide $9 million of humanitarian assistance")
    assert short in sentence
    assert all(part in byline for part in ("Simon Lewis", "2026-02-26", "002_73ec0a3e5fd5a0e3"))
    assert re.search(r"confidence 0\.\d\d", result.out)


def test_the_effect_of_times_in_the_question_is_printed(citeqa: Run, seeds_index: Path) -> None:
    result = citeqa("ask", "What was reported last week of Cuba?", "--today", "2026-03-04", "--index", seeds_index)
    assert "times in the question: “last week” searches only 2026-02-23 to 2026-03-01" in result.out


def test_an_abstention_shows_the_evidence_and_exits_with_0(citeqa: Run, seeds_index: Path) -> None:
    result = citeqa("ask", ELSEWHERE, "--k", "2", "--index", seeds_index)
    assert result.status == 0
    assert "Not in these documents" in result.out
    assert re.findall(r"^(\d)\. ", result.out, re.MULTILINE) == ["1", "2"]


def test_guesses_are_printed_as_such_with_their_sources(citeqa: Run, seeds_index: Path) -> None:
    result = citeqa("ask", ANSWERABLE, "--min-confidence", "1", "--index", seeds_index)
    assert result.status == 0
    head, _, guessed = result.out.partition("No sure answer. Perhaps:")
    assert "Not in these documents." in head
    assert "$9 million" in guessed
    assert "002_73ec0a3e5fd5a0e3" in guessed
    assert re.search(r"confidence [01]\.\d\d", guessed)
    unknown = citeqa("ask", ELSEWHERE, "--index", seeds_index)
    assert "Perhaps" not in unknown.out


def test_search_shows_passages_with_their_places(citeqa: Run, seeds_index: Path) -> None:
    result = citeqa("search", ANSWERABLE, "--k", "3", "--index", seeds_index)
    assert result.status == 0
    assert re.findall(r"^(\d)\. ", result.out, re.MULTILINE) == ["1", "2", "3"]
    assert "$9 million of humanitarian assistance" in result.out
    assert re.search(r"002_73ec0a3e5fd5a0e3 \[\d+, \d+\)", result.out)


def test_documents_shows_every_id_and_how_many_there_are(citeqa: Run, seeds_index: Path) -> None:
    result = citeqa("documents", "--index", seeds_index)
    assert result.status == 0
    assert all(path.stem in result.out for path in SEEDS.glob("*.txt"))
    assert "5 documents" in result.out


def test_the_index_is_named_by_the_environment_too(
    citeqa: Run, seeds_index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CITEQA_INDEX", str(seeds_index))
    assert json.loads(citeqa("documents", "--json").out)["total"] == 5
    assert citeqa("documents", "--json", "--index", tmp_path / "another").status == 1  # the option wins


def test_a_bad_file_is_named_and_the_rest_is_indexed(citeqa: Run, tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "good.txt").write_text("The ferry leaves at noon.")
    (folder / "more.md").write_text("Tickets are blue.")
    (folder / "bad.txt").write_bytes(b"a\0b")
    result = citeqa("index", folder, "--index", tmp_path / "index")
    assert result.status == 1
    assert re.search(r"skipped \S*bad\.txt: .*NUL", result.err)
    assert "2 added, 0 replaced, 0 unchanged, 0 removed, 1 skipped" in result.out
    assert "2 documents in 2 passages" in result.out
    listed = json.loads(citeqa("documents", "--json", "--index", tmp_path / "index").out)
    assert [one["id"] for one in listed["documents"]] == ["good", "more"]
    options = ("--min-confidence", "0", "--json", "--index", tmp_path / "index")
    asked = json.loads(citeqa("ask", "When does the ferry leave?", *options).out)
    assert "noon" in asked["answer"]["text"]
    assert asked["answer"]["citation"]["sentence"]["text"] == "The ferry leaves at noon."


def test_indexing_again_takes_only_what_changed(citeqa: Run, tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.txt").write_text(f"The ferry of {name} leaves at noon.")
    assert citeqa("index", folder).status == 0
    (folder / "a.txt").write_text("The ferry of a leaves at one.")
    (folder / "c.txt").write_text("The ferry of c leaves at two.")
    result = citeqa("index", folder)
    assert result.status == 0
    assert "1 added, 1 replaced, 1 unchanged, 0 removed, 0 skipped" in result.out
    assert (tmp_path / ".citeqa" / "catalog.sqlite3").exists()


WRONG = {
    "no command that is known": ("frobnicate",),
    "an unknown option": ("ask", ANSWERABLE, "--frobnicate"),
    "no question": ("ask",),
    "a blank question": ("ask", " \n"),
    "a question too long": ("ask", "x" * 2001),
    "a search for nothing": ("search", ""),
    "k 0": ("ask", ANSWERABLE, "--k", "0"),
    "k 51": ("search", ANSWERABLE, "--k", "51"),
    "k in words": ("ask", ANSWERABLE, "--k", "five"),
    "k with a fraction": ("ask", ANSWERABLE, "--k", "5.7"),
    "a confidence above 1": ("ask", ANSWERABLE, "--min-confidence", "1.1"),
    "a confidence that is no number": ("ask", ANSWERABLE, "--min-confidence", "nan"),
    "a confidence below 0": ("ask", ANSWERABLE, "--min-confidence", "-0.1"),
    "dates reversed": ("ask", ANSWERABLE, "--from", "2026-01-02", "--to", "2026-01-01"),
    "dates reversed in a search": ("search", ANSWERABLE, "--from", "2026-01-02", "--to", "2026-01-01"),
    "a day that never was": ("ask", ANSWERABLE, "--from", "2026-02-30"),
    "a date in words": ("search", ANSWERABLE, "--to", "tomorrow"),
    "a path that is not there": ("index", "gone"),
    "a question set that is not there": ("evaluate", "gone.jsonl"),
    "a corpus that is not there": ("evaluate", QUESTIONS, "--corpus", "gone"),
    "a port that is none": ("serve", "--port", "70000"),
    "passages too short": ("index", SEEDS, "--passage-tokens", "15"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_usage_ends_with_2_and_prints_no_answer(citeqa: Run, seeds_index: Path, name: str) -> None:
    index = () if name.startswith("no command") else ("--index", seeds_index)
    result = citeqa(*WRONG[name], *index)
    assert (result.status, result.out) == (2, "")
    assert result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize("options", [("--source", ""), ("--source", "x" * 501)])
def test_the_command_line_is_as_strict_as_http(citeqa: Run, seeds_index: Path, options: tuple[str, str]) -> None:
    assert citeqa("ask", ANSWERABLE, *options, "--index", seeds_index).status == 2


@pytest.mark.parametrize("command", [("ask", ANSWERABLE, "--source", "\udcff"), ("documents", "--contains", "\udcff")])
def test_arguments_that_are_not_utf8_are_wrong_usage(citeqa: Run, seeds_index: Path, command: tuple[str, ...]) -> None:
    assert citeqa(*command, "--index", seeds_index).status == 2


def test_a_setting_in_the_environment_that_is_not_valid_ends_with_2(
    citeqa: Run, seeds_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CITEQA_PORT", "many")
    result = citeqa("serve", "--index", seeds_index)
    assert result.status == 2
    assert "port" in result.err


@pytest.mark.parametrize(
    "command",
    [("ask", ANSWERABLE), ("search", ANSWERABLE), ("documents",), ("evaluate", QUESTIONS)],
    ids=lambda command: str(command[0]),
)
def test_a_missing_index_ends_with_1_and_the_command_that_mends_it(citeqa: Run, command: tuple[object, ...]) -> None:
    result = citeqa(*command, "--index", "nowhere")
    assert (result.status, result.out) == (1, "")
    assert "nowhere" in result.err
    assert "citeqa index" in result.err


def test_other_settings_than_the_index_has_are_refused_with_both_values(citeqa: Run, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("The ferry leaves at noon.")
    assert citeqa("index", "a.txt", "--passage-tokens", "64").status == 0
    result = citeqa("index", "a.txt", "--passage-tokens", "32")
    assert (result.status, result.out) == (1, "")
    assert re.search(r"passage_tokens is 64 there, 32 here", result.err)
    assert citeqa("index", "a.txt").status == 0  # what was not named is as it was


@pytest.mark.parametrize(
    "command", [("ask", ANSWERABLE), ("serve", "--port", "0")], ids=lambda command: str(command[0])
)
def test_a_reader_that_cannot_be_used_ends_with_1_and_is_named(
    citeqa: Run, seeds_index: Path, command: tuple[str, ...]
) -> None:
    result = citeqa(*command, "--reader", "nobody/nothing-at-all", "--index", seeds_index)
    assert (result.status, result.out) == (1, "")
    assert "the reader 'nobody/nothing-at-all' cannot be used" in result.err
    assert "Traceback" not in result.err


def test_a_port_in_use_is_named_with_what_mends_it(citeqa: Run, seeds_index: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = citeqa("serve", "--port", port, "--index", seeds_index)
    assert (result.status, result.out) == (1, "")
    assert f"cannot listen on 127.0.0.1:{port}" in result.err
    assert "--port" in result.err


STEERING = "\x1b[31mred\x1b[0m \x9b2J \x07 \x08 \x7f \u202emirrored\u202c \u2066isolated\u2069 \r"


def controls(text: str) -> set[str]:
    bidi = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    return {c for c in text if c in bidi or (unicodedata.category(c) == "Cc" and c not in "\n\t")}


@pytest.fixture
def steering(citeqa: Run, tmp_path: Path) -> Path:
    """An index of one document that tries to steer the terminal with everything it has."""
    row = {name: f"{name} {STEERING}" for name in ("title", "author", "source", "url")}
    row |= {"id": "steer\u202eing", "text": f"The ferry {STEERING} leaves at noon. Tickets {STEERING} are blue."}
    (tmp_path / "steering.jsonl").write_text(json.dumps(row) + "\n")
    assert citeqa("index", tmp_path / "steering.jsonl", "--index", tmp_path / "steering").status == 0
    return tmp_path / "steering"


@pytest.mark.parametrize(
    "command",
    [
        ("ask", "When does the ferry leave?", "--min-confidence", "0"),
        ("ask", "When does the ferry leave?", "--min-confidence", "1"),
        ("search", "ferry"),
        ("documents",),
    ],
    ids=["answer", "abstention", "search", "documents"],
)
def test_documents_cannot_steer_the_terminal(citeqa: Run, steering: Path, command: tuple[str, ...]) -> None:
    result = citeqa(*command, "--index", steering)
    assert result.status == 0
    assert "noon" in result.out or command == ("documents",)
    assert controls(result.out + result.err) == set()


def test_documents_cannot_steer_the_terminal_through_json(citeqa: Run, steering: Path) -> None:
    result = citeqa("search", "ferry", "--json", "--index", steering)
    assert STEERING in json.loads(result.out)["evidence"][0]["text"]
    assert controls(result.out) == set()


def test_names_of_files_and_questions_cannot_steer_the_terminal(citeqa: Run, tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "\x1b[31mred.txt").write_text("Its id would hold control characters.")
    (folder / "good.txt").write_text("The ferry leaves at noon.")
    result = citeqa("index", folder)
    assert result.status == 1
    assert "red.txt" in result.err
    assert controls(result.out + result.err) == set()
    assert controls("".join(citeqa("ask", "ferry \x1b[31m", "--index", "\x1b[31mnowhere")[1:])) == set()


def test_marks_of_the_terminal_library_are_printed_as_they_stand(citeqa: Run, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("The ferry [bold]leaves[/bold] at [/] noon :smile: [link=x].")
    assert citeqa("index", "a.txt").status == 0
    for command in (("ask", "When does the ferry leave?", "--min-confidence", "0"), ("search", "ferry")):
        assert "The ferry [bold]leaves[/bold] at [/] noon :smile: [link=x]." in citeqa(*command).out


def some_questions(folder: Path, *, answerable: bool | None = None) -> Path:
    """Every 60th question of the set; only those that are answerable, or are not, if asked for."""
    lines = (QUESTIONS).read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if answerable is None or json.loads(line)["answerable"] is answerable]
    (folder / "some.jsonl").write_text("\n".join(rows[::60]), encoding="utf-8")
    return folder / "some.jsonl"


def test_evaluate_writes_figures_and_the_values_of_every_question(
    citeqa: Run, seeds_index: Path, tmp_path: Path
) -> None:
    questions = some_questions(tmp_path)
    result = citeqa("evaluate", questions, "--index", seeds_index, "--output", tmp_path / "out.json")
    assert result.status == 0
    record = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    asked = [json.loads(line) for line in questions.read_text(encoding="utf-8").splitlines()]
    assert set(record) == {"about", "figures", "rows"}
    assert [row["id"] for row in record["rows"]] == [row["id"] for row in asked]
    assert set(record["figures"]) == {"fit", "report", "all"}
    figures = record["figures"]["all"]
    assert figures["answerable"] + figures["unanswerable"] == len(asked)
    assert figures["exact citations"]["value"] == 1
    right = sum(row["right_document"] for row in record["rows"] if row["answerable"])
    assert figures["document@1"]["hits"] == right
    assert "Success@5" in result.out
    first, given, *_ = result.out.splitlines()
    precision = figures["answer precision"]
    assert first == f"{len(asked)} questions"
    assert given.endswith(f"answers given that are right ({precision['hits']} of {precision['total']})")
    assert {"what", "date", "machine", "versions", "questions", "index", "confidence"} <= set(record["about"])


@pytest.mark.slow
def test_evaluate_writes_a_report_of_the_same_record(citeqa: Run, seeds_index: Path, tmp_path: Path) -> None:
    from citeqa.rag.evaluation.html_report import render

    report, output = tmp_path / "out.html", tmp_path / "out.json"
    result = citeqa(
        "evaluate", some_questions(tmp_path), "--index", seeds_index, "--report", report, "--output", output
    )
    assert result.status == 0
    assert "overall F1" in result.out
    assert report.read_text(encoding="utf-8") == render(json.loads(output.read_text(encoding="utf-8")))


def test_evaluate_learns_before_it_asks_what_a_report_needs(
    citeqa: Run, seeds_index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions = some_questions(tmp_path)
    for report in (tmp_path, tmp_path / "no" / "out.html"):
        result = citeqa("evaluate", questions, "--index", seeds_index, "--report", report)
        assert (result.status, result.out) == (2, "")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = citeqa("evaluate", questions, "--index", seeds_index, "--report", tmp_path / "out.html")
    assert (result.status, result.out) == (1, "")
    assert "pip install 'citeqa[report]'" in result.err


@pytest.mark.slow
def test_evaluate_indexes_a_corpus_for_the_run_only(citeqa: Run, tmp_path: Path) -> None:
    result = citeqa("evaluate", some_questions(tmp_path), "--corpus", SEEDS)
    assert result.status == 0
    assert "document@1" in result.out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["some.jsonl"]


def test_evaluate_writes_json_that_every_reader_reads(citeqa: Run, seeds_index: Path, tmp_path: Path) -> None:
    questions = some_questions(tmp_path, answerable=True)
    assert citeqa("evaluate", questions, "--index", seeds_index, "--output", tmp_path / "out.json").status == 0

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    json.loads((tmp_path / "out.json").read_text(encoding="utf-8"), parse_constant=refuse)


def test_evaluate_learns_before_it_asks_that_it_cannot_write(citeqa: Run, seeds_index: Path, tmp_path: Path) -> None:
    result = citeqa(
        "evaluate", some_questions(tmp_path), "--index", seeds_index, "--output", tmp_path / "no" / "o.json"
    )
    assert result.status in (1, 2)
    assert result.out == ""
    assert ".tmp" not in result.err


def test_a_broken_question_set_ends_with_1_and_names_the_line(citeqa: Run, seeds_index: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.jsonl").write_text('{"id": 1}\n')
    result = citeqa("evaluate", tmp_path / "broken.jsonl", "--index", seeds_index)
    assert (result.status, result.out) == (1, "")
    assert "line 1" in result.err


def test_help_names_every_command(citeqa: Run) -> None:
    result = citeqa("--help")
    assert result.status == 0
    for command in ("index", "ask", "search", "documents", "serve", "evaluate"):
        assert re.search(rf"\b{command}\b", result.out)
        assert "Usage" in citeqa(command, "--help").out


def test_serve_indexes_the_seed_articles_first_and_stops_cleanly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The installed command itself, set up by the environment alone."""
    monkeypatch.setenv("CITEQA_INDEX", str(tmp_path / "new"))
    monkeypatch.setenv("CITEQA_HOST", "127.0.0.1")
    monkeypatch.setenv("CITEQA_PORT", "0")
    process = subprocess.Popen([str(CITEQA), "serve"], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stderr
    told = ""
    while not (ready := re.search(r"http://127\.0\.0\.1:\d+/", told)):
        line = process.stderr.readline()
        assert line, told
        told += line
    assert "indexed 5 documents" in told
    counts = httpx.get(f"{ready.group()}api/ready", timeout=60, trust_env=False).raise_for_status().json()["index"]
    assert counts["documents"] == 5
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode in (0, 130)
    assert out == ""
    assert "Traceback" not in err
