"""What the README shows is what the program does."""

from __future__ import annotations

import io
import re

from rich.console import Console
from support.paths import ROOT

from citeqa.api.cli import console as show
from citeqa.api.schemas import AskResponse
from citeqa.api.service import Service

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_example_is_the_programs_real_output(service: Service) -> None:
    example = re.search(r'```\n\$ citeqa ask "(?P<question>[^"\n]+)"\n(?P<output>.*?)```', README, re.DOTALL)
    assert example
    out = io.StringIO()
    response = service.answerer.ask(example["question"])
    given = AskResponse.of(response, service.index)
    show.response(Console(file=out, highlight=False, soft_wrap=True), given)
    assert example["output"] == out.getvalue()


def test_the_first_screen_names_both_commands() -> None:
    first_screen = README.splitlines()[:25]
    assert any("make serve" in line for line in first_screen)
    assert any("make test" in line for line in first_screen)


def test_every_dependency_is_explained() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    declared = re.findall(r'^    "([a-z0-9-]+)[><=]', project, re.MULTILINE)
    explained = README.partition("## What each dependency is for")[2].partition("\n## ")[0]
    missing = [name for name in declared if not re.search(rf"\b{name}\b", explained)]
    assert declared
    assert missing == []


def test_every_file_linked_to_exists() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_picture_shown_exists_and_they_are_small() -> None:
    pictures = {ROOT / name for name in re.findall(r'(?:src|srcset)="([^"]+)"', README)}
    assert pictures
    assert [picture for picture in pictures if not picture.is_file()] == []
    assert sum(picture.stat().st_size for picture in (ROOT / "tests" / "screenshots").iterdir()) < 1_000_000
