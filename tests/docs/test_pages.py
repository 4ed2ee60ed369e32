"""What the pages say is true: every link leads somewhere, every session shown is what the program prints."""

from __future__ import annotations

import io
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from docs.pages import PAGES, anchors, commands, links, named, posted, sessions
from pydantic import BaseModel
from rich.console import Console
from support.paths import ROOT

from citeqa.api.cli import console as show
from citeqa.api.cli.main import app as program
from citeqa.api.schemas import AskRequest, AskResponse, BatchRequest, DocumentIn, ReadRequest, VerifyRequest
from citeqa.api.service import Service
from citeqa.rag.evaluation.questions import load

BODIES: dict[str, type[BaseModel]] = {
    "ask": AskRequest,
    "ask/batch": BatchRequest,
    "read": ReadRequest,
    "documents": DocumentIn,
    "verify": VerifyRequest,
}
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_is_short_and_names_both_commands_on_the_first_screen() -> None:
    assert len(README.splitlines()) <= 150
    first_screen = README.splitlines()[:25]
    assert any("make serve" in line for line in first_screen)
    assert any("make test" in line for line in first_screen)


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_every_link_leads_somewhere(path: Path) -> None:
    lost = [link for link in links(path.read_text(encoding="utf-8")) if not _leads_somewhere(path, link)]
    assert lost == []


def _leads_somewhere(path: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = (path.parent / name).resolve() if name else path
    if not target.exists() or not target.is_relative_to(ROOT):
        return False
    return not anchor or anchor in anchors(target.read_text(encoding="utf-8"))


def test_every_page_is_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        path = waiting.pop()
        if path in reached or path.suffix != ".md":
            continue
        reached.add(path)
        waiting += [(path.parent / link.partition("#")[0]).resolve() for link in links(path.read_text("utf-8"))]
    assert [named(path) for path in PAGES if path not in reached and path != ROOT / "docs" / "README.md"] == []


def test_the_pictures_are_small() -> None:
    pictures = [path for path in (ROOT / "tests" / "screenshots").iterdir() if path.is_file()]
    assert pictures
    assert sum(picture.stat().st_size for picture in pictures) < 1_000_000


def test_every_question_shown_is_answered_as_shown(service: Service) -> None:
    shown = [found for path in PAGES for found in sessions(path.read_text("utf-8")) if "citeqa ask" in found[0]]
    assert any("citeqa ask" in command for command, _ in sessions(README))
    for command, output in shown:
        program, ask, question = shlex.split(command)
        assert (program, ask) == ("citeqa", "ask")
        out = io.StringIO()
        response = AskResponse.of(service.answerer.ask(question), service.index)
        show.response(Console(file=out, highlight=False, soft_wrap=True), response)
        assert output == out.getvalue()


def test_the_question_set_shown_can_be_read(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "how-to" / "evaluation.md").read_text(encoding="utf-8")
    rows = [line.strip() for line in page.splitlines() if line.startswith('    {"id"')]
    (tmp_path / "set.jsonl").write_text("\n".join(rows), encoding="utf-8")
    assert [question.answerable for question in load(tmp_path / "set.jsonl")] == [True, False]


@pytest.mark.parametrize(
    ("route", "body"),
    [found for path in PAGES for found in posted(path.read_text("utf-8"))],
    ids=lambda value: value[:30],
)
def test_every_request_shown_is_valid(route: str, body: str) -> None:
    BODIES[route].model_validate_json(body)


@pytest.mark.parametrize("line", sorted({line for path in PAGES for line in commands(path.read_text("utf-8"))}))
def test_every_command_shown_can_be_given(line: str) -> None:
    """Its name and its options are the program's."""
    known: Any = typer.main.get_command(program).commands  # type: ignore[attr-defined]
    for one in re.split(r" \| | && ", line):
        name, *arguments = shlex.split(one, comments=True)[1:]
        options = {option for p in known[name].params for option in [*p.opts, *p.secondary_opts]}
        assert {argument for argument in arguments if argument.startswith("--")} <= options | {"--help"}
