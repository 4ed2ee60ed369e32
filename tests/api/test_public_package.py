"""What `import citeqa` offers: public names, a complete tree of errors, and no quarrel with anybody's own modules."""

from __future__ import annotations

import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.paths import ROOT

import citeqa
import citeqa.api
import citeqa.errors
from citeqa import AskOptions, CiteqaError, Claim, Filters, ask, build_index, open_index

FERRY = "The ferry to Inishbofin leaves at half past nine every morning from the north pier."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Path:
    """An index of two notices."""
    documents = tmp_path_factory.mktemp("notices")
    (documents / "ferry.txt").write_text(FERRY)
    (documents / "museum.txt").write_text("The museum is closed on Mondays.")
    folder = documents / "index"
    report = build_index([documents], folder)
    assert (report.added, report.skipped) == (2, ())
    return folder


def test_every_public_name_is_there_and_documented() -> None:
    for name in citeqa.__all__:
        found = getattr(citeqa, name)
        assert isinstance(found, str) or found.__doc__, name
    assert set(dir(citeqa)) == set(citeqa.__all__)
    assert re.fullmatch(r"\d+\.\d+\.\d+", citeqa.__version__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = citeqa.nothing  # type: ignore[attr-defined]


def test_an_index_is_built_opened_and_asked(folder: Path) -> None:
    with open_index(folder) as index:
        assert (index.document_count, index.document_ids) == (2, ["ferry", "museum"])
        response = index.ask("When does the ferry to Inishbofin leave?", AskOptions(min_confidence=0))
        assert response.answer
        citation = response.answer.citation
        assert "half past nine" in citation.quote.text
        assert index.document("ferry").quote(citation.quote.span) == citation.quote.text
        assert index.verify(Claim.of(citation)).status == "valid"
        found = index.search("museum", AskOptions(k=1, filters=Filters(frozenset({"museum"}))))
        assert [item.source.document_id for item in found] == ["museum"]
        with pytest.raises(ValueError, match="blank"):
            index.ask("  ")
    assert ask("When does the ferry leave?", folder, AskOptions(min_confidence=0)).answer


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(citeqa.errors.IndexNotFoundError, match="citeqa index"):
        open_index(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError):
        build_index([tmp_path / "nothing"], tmp_path / "index")


@pytest.mark.parametrize("wrong", [{"k": 0}, {"min_confidence": -0.5}, {"min_confidence": float("nan")}])
def test_options_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        AskOptions(**wrong)  # type: ignore[arg-type]


def test_the_tree_of_errors_is_drawn_whole() -> None:
    """Every class of ours below CiteqaError stands in the docstring, below its own base."""
    for package in (citeqa.index, citeqa.rag, citeqa.api):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    drawn, above = {}, list[str]()
    for line in (citeqa.errors.__doc__ or "").splitlines():
        if found := re.match(r"([│├└─ ]*)(\w+Error)  ", line):
            level = len(found[1]) // 4
            above[level:] = [found[2]]
            drawn[found[2]] = above[level - 1] if level else None

    def tree(error: type[Exception]) -> dict[str, str | None]:
        below = {one.__name__: error.__name__ for one in error.__subclasses__() if one.__module__.startswith("citeqa.")}
        return below | {name: base for one in error.__subclasses__() for name, base in tree(one).items()}

    assert drawn == {"CiteqaError": None} | tree(CiteqaError)
    assert set(citeqa.errors.__all__) == set(drawn)
    assert all(getattr(citeqa.errors, name).__doc__ for name in drawn)


def test_nobodys_own_modules_are_in_the_way(folder: Path, tmp_path: Path) -> None:
    """A program beside whose file lie its own api.py, index/ and rag/."""
    (tmp_path / "api.py").write_text("raise SystemExit('the own api was imported')")
    for name in ("index", "rag"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"raise SystemExit('the own {name} was imported')")
    (tmp_path / "program.py").write_text(
        "import sys\nfrom citeqa import AskOptions, open_index\n"
        "with open_index(sys.argv[1]) as index:\n"
        "    answer = index.ask('When does the ferry leave?', AskOptions(min_confidence=0)).answer\n"
        "print(answer.citation.quote.text)\n"
    )
    done = subprocess.run(
        [sys.executable, tmp_path / "program.py", folder], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "half past nine" in done.stdout


def test_importing_citeqa_loads_little() -> None:
    program = "import sys, citeqa; print(sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    heavy = {"faiss", "tantivy", "sqlite3", "onnxruntime", "torch", "pydantic", "numpy", "httpx", "fastapi", "rich"}
    assert heavy.isdisjoint(eval(done.stdout))
