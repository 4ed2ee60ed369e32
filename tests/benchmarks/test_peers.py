"""The comparison with peers: all get the same, a failure stays alone, and the table says what was measured."""

from __future__ import annotations

import json
import re
import sys
import time
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from benchmarks.peers import measure, ours, run, table, workload
from benchmarks.peers.measure import Found, Job, Passage
from support.paths import ROOT
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

from citeqa.index.documents.corpus import load
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.embedding.runtime import TOKENIZER
from citeqa.index.types import Document
from citeqa.rag.evaluation.questions import load as questions_of
from citeqa.rag.reader.export import PROBE
from citeqa.rag.reader.onnx_reader import SHIPPED
from citeqa.rag.reader.windows import Encoder


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoint") / "reader"
    workload.checkpoint(folder)
    return folder


def test_the_checkpoint_is_whole_and_tokenizes_as_the_reader_does(checkpoint: Path) -> None:
    _, report = AutoModelForQuestionAnswering.from_pretrained(str(checkpoint), output_loading_info=True)
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    given = AutoTokenizer.from_pretrained(str(checkpoint))(PROBE["question"], PROBE["text"])
    (window,) = Encoder(SHIPPED / TOKENIZER, 320).encode(PROBE["question"], "", PROBE["text"])
    assert given["input_ids"] == window.ids
    assert given["token_type_ids"] == window.types


@pytest.mark.slow
def test_the_checkpoint_answers_as_the_shipped_reader(checkpoint: Path, tmp_path: Path) -> None:
    asked = [question for question in questions_of(ROOT / "tests" / "questions.jsonl") if question.answerable][:40]
    documents = {item.id: item for item in load([ROOT / "seeds"]) if isinstance(item, Document)}
    near = workload.agreement(checkpoint, tmp_path, asked, documents)
    assert near["questions"] == 40
    assert near["same_best_span"] >= 0.9
    assert near["margin_correlation"] > 0.98


@pytest.mark.slow
def test_peers_get_the_passages_that_citeqa_makes_and_embeds(embedder: Embedder, models: Path, tmp_path: Path) -> None:
    """Indexing fails where a text that citeqa embeds is none of the passages; each is found by its own vector."""
    documents = list(islice(workload.splice(["The mill burned. Nobody was hurt. It rained on 4 May. Ada left."]), 3))
    count = workload.write_corpus(tmp_path / "corpus", documents, embedder)
    vectors = np.eye(count, embedder.info.dimension, dtype=np.float32)
    np.save(tmp_path / "corpus" / "vectors.npy", vectors)
    job = Job("citeqa fp32", str(tmp_path / "corpus"), str(tmp_path), "", "", str(models), 0.0, given=True)
    passages = job.passages()
    assert [passage.document for passage in passages] == sorted(passage.document for passage in passages)
    system = ours.Fp32(job)
    system.ingest(passages, job.vectors())
    index = system.service.index
    for passage, vector in zip(passages, vectors, strict=True):
        best = next(iter(index.fetch([index.rank_dense(vector, 1)[0].id]).values()))
        assert best.document_id == passage.document
        assert passage.text.endswith(best.text)


def test_a_corpus_ends_with_the_document_that_reaches_the_limit(embedder: Embedder, tmp_path: Path) -> None:
    spliced = workload.splice(["One word. " * 30 + "A sentence of some more words, and of others. " * 30])
    count = workload.write_corpus(tmp_path / "corpus", spliced, embedder, 5)
    read = [item for item in load([tmp_path / "corpus" / "documents.jsonl"]) if isinstance(item, Document)]
    passages = Job("", str(tmp_path / "corpus"), "", "", "", "", 0.0).passages()
    assert len(passages) == count >= 5
    assert len({passage.document for passage in passages}) == len(read)
    assert sum(passage.document != read[-1].id for passage in passages) < 5


class Noting:
    """A system that notes what is asked of it."""

    configuration, packages = "notes", ("numpy",)
    called: list[str]

    def __init__(self, job: Job) -> None:
        Noting.called = []

    def ingest(self, passages: list[Passage], vectors: object) -> None:
        self.called.append(f"ingest {len(passages)} {vectors is None}")

    def search(self, question: str) -> list[str]:
        self.called.append(f"search {question}")
        return []

    def answer(self, question: str) -> Found:
        self.called.append(f"answer {question}")
        return Found(question.upper(), "d")


def test_warm_questions_are_not_timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "load", lambda name: Noting)
    (tmp_path / "passages.json").write_text(json.dumps([["d", "text"]]), encoding="utf-8")
    started = time.time() - 10
    job = Job("x", str(tmp_path), "", "", "", "", started, warm=("w",), searched=("s", "t"), asked=("a",))
    found = measure.measure(job)
    assert Noting.called == ["ingest 1 True", "answer w", "search s", "search t", "answer a"]
    assert (len(found["search_ms"]), len(found["ask_ms"])) == (2, 1)
    assert found["answers"] == [("A", "d")]
    assert 10 < found["load_seconds"] <= found["first_seconds"] < 20


@pytest.mark.slow
def test_no_question_is_asked_twice_of_one_process(tmp_path: Path, models: Path) -> None:
    """What is kept of an earlier answer must not be measured as speed."""
    load = workload.prepare(tmp_path, models, tmp_path / "no public sets", asked=8, searched=6, scale=0, passages=40)
    assert (len(load.asked), len(load.searched)) == (8, 6)
    for options in run.phases(load, 4).values():
        asked = [question for name in ("warm", "searched", "asked") for question in options.get(name, ())]
        assert asked
        assert len(set(asked)) == len(asked)


@pytest.fixture
def peer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program that stands for the peers' Python."""
    monkeypatch.setattr(run, "PEERS", tmp_path / "python")
    return tmp_path / "python"


OPTIONS = dict.fromkeys(("corpus", "embedder", "reader", "models"), "")


def test_a_peer_that_fails_is_told_with_its_last_line(peer: Path) -> None:
    peer.write_text(f"#!{sys.executable}\nimport sys\nsys.exit('first\\nModuleNotFoundError: no haystack')\n")
    peer.chmod(0o755)
    assert run.run("Haystack", OPTIONS, 60) == {"error": "ModuleNotFoundError: no haystack"}


def test_a_peer_that_is_not_there_or_never_ends_is_told(peer: Path) -> None:
    assert "No such file" in run.run("script", OPTIONS, 60)["error"]
    peer.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(60)\n")
    peer.chmod(0o755)
    assert "timed out" in run.run("script", OPTIONS, 0.5)["error"]


def test_answers_are_judged_by_the_projects_own_measures() -> None:
    asked = [
        SimpleNamespace(answers=("4 May",), documents=frozenset({"mill"})),
        SimpleNamespace(answers=("Ada Lovelace",), documents=frozenset({"ada"})),
    ]
    given: Any = SimpleNamespace(asked=asked)
    found = run.graded({"answers": [["the 4 May", "mill"], ["Ada", "mill"]]}, given)
    assert found["quality"] == {"document": 0.5, "em": 0.5, "f1": pytest.approx((1 + 2 / 3) / 2)}
    assert run.graded({"error": "no"}, given) == {"error": "no"}


def done(system: str, phase: str = "corpus", repeat: int = 0, **values: Any) -> dict[str, Any]:
    known = {"passages": 100, "ingest_seconds": 1.0, "first_seconds": 3.0, "search_ms": [], "ask_ms": []}
    known |= {"megabytes": 100.0, "configuration": f"as {system} is", "versions": {"numpy": "2"}}
    return {"system": system, "phase": phase, "repeat": repeat, "quality": {"em": 0.5}} | known | values


def result(*runs: dict[str, Any]) -> dict[str, Any]:
    names = list(dict.fromkeys(one["system"] for one in runs))
    said = {"date": "2026-11-25", "machine": "a machine", "load": 0.1, "corpus": "c", "first": 9, "scale": 9}
    near = {"questions": 3, "same_best_span": 1.0, "margin_correlation": 0.99}
    return (
        said
        | {"questions": "3", "repeats": 2, "systems": names, "agreement": near, "export_seconds": None}
        | {"runs": list(runs)}
    )


def row(report: str, name: str) -> list[str]:
    (line,) = re.findall(rf"^\| {re.escape(name)} \| (.*) \|$", report, re.MULTILINE)
    return [cell.strip() for cell in line.split("|")]


def test_ratios_say_how_many_times_better_citeqa_is() -> None:
    report = table.markdown(
        result(
            done("citeqa fp32", ask_ms=[100, 120], ingest_seconds=0.5),
            done("citeqa fp32", repeat=1, ask_ms=[80, 100], ingest_seconds=0.5),
            done("citeqa int8", ask_ms=[50], ingest_seconds=0.25),
            done("script", ask_ms=[300, 300, 700]),
            done("citeqa fp32", "scale", search_ms=[10]),
            done("script", "scale", search_ms=[20]),
        )
    )
    assert row(report, "whole question, ms, median") == ["100", "50", "300 (3.0, 6.0 x)"]
    assert row(report, "passages ingested a second") == ["200", "400", "100 (2.0, 4.0 x)"]
    assert row(report, "retrieval, large corpus, ms, median") == ["10.0", "-", "20.0 (2.0 x)"]
    assert row(report, "EM, forced") == ["0.500", "0.500", "0.500"]
    assert row(report, "retrieval, large corpus, beside the script") == ["2.5 x", "2.00 x (missed)", "-"]
    assert "citeqa fp32 110 / 90, citeqa int8 50, script 300" in report


def test_the_fastest_peer_counts_but_not_one_that_reads_less() -> None:
    peers = [done("script", ask_ms=[300]), done("Haystack", ask_ms=[250]), done("txtai, joined", ask_ms=[60])]
    report = table.markdown(result(done("citeqa fp32", ask_ms=[100]), *peers))
    assert row(report, "whole question, beside the fastest that reads the same") == ["2.0 x", "2.50 x", "-"]


def test_a_failure_is_shown_and_the_others_stay() -> None:
    failed = {"system": "txtai", "phase": "corpus", "repeat": 0, "error": "ImportError: no txtai"}
    report = table.markdown(result(done("citeqa fp32", ask_ms=[100]), failed, done("script", ask_ms=[200])))
    assert row(report, "whole question, ms, median") == ["100", "-", "200 (2.0 x)"]
    assert "**txtai** failed (corpus): `ImportError: no txtai`" in report
    assert "**script**: as script is. numpy 2." in report
