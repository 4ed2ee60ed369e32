"""The reference is complete: what it lists is what the code has, and its tables are those that the code makes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from docs import tables
from docs.pages import first_cells, section
from support.paths import ROOT

from citeqa.api.settings import Settings
from citeqa.index.formats.registry import FORMATS

REFERENCE = ROOT / "docs" / "reference"


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return tables.tables()


def _page(name: str) -> str:
    return (REFERENCE / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted(REFERENCE.glob("*.md")), ids=lambda path: path.stem)
def test_the_tables_are_those_that_the_code_makes(path: Path, made: dict[str, str]) -> None:
    page = path.read_text(encoding="utf-8")
    assert page == tables.filled(page, made), "run: python tests/docs/tables.py"


def test_every_table_has_its_place(made: dict[str, str]) -> None:
    marked = [name for path in REFERENCE.glob("*.md") for name in tables.names(path.read_text(encoding="utf-8"))]
    assert sorted(marked) == sorted(made)


def test_every_setting_is_there_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \| .+ \|$", _page("settings"), re.MULTILINE))
    assert list(rows) == list(Settings.model_fields)
    assert (rows["port"], rows["max_upload"], rows["writing"], rows["model"]) == (
        "`8000`",
        "`64,000,000`",
        "`false`",
        "",
    )


def test_every_command_and_option_is_there() -> None:
    import typer

    from citeqa.api.cli.main import app

    page = _page("command-line")
    commands: Any = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    shown = {
        found[1]: found[2] for found in re.finditer(r"^### (\w+)\n(.*?)(?=^### |\Z)", page, re.DOTALL | re.MULTILINE)
    }
    assert set(shown) == set(commands)
    for name, command in commands.items():
        options = {option for one in command.params for option in [*one.opts, *one.secondary_opts]} - {"--help"}
        assert {f"`{option}`" for option in options if option.startswith("--")} <= set(
            re.findall(r"`[^`]+`", shown[name])
        )


def test_every_route_and_every_status_it_answers_is_there() -> None:
    from citeqa.api.http.app import create_app

    openapi = create_app(None).openapi()  # type: ignore[arg-type]
    page, explained = section(_page("http"), "Routes"), first_cells(section(_page("errors"), "Over HTTP"))
    rows = dict(re.findall(r"^\| `([A-Z]+ /[^`]*)` \| (.*) \|$", page, re.MULTILINE))
    described = {f"{m.upper()} {path}": r for path, methods in openapi["paths"].items() for m, r in methods.items()}
    assert set(rows) == set(described)
    for route, found in described.items():
        shown = set(re.findall(r"\b\d{3}\b", " ".join(rows[route].rsplit(" | ", 2)[1:])))
        assert set(found["responses"]) <= shown | {"401", "421", "429"}
        assert {status for status in found["responses"] if status >= "400"} <= set(explained)


def test_every_format_has_a_row_with_all_its_endings() -> None:
    rows = [line for line in _page("formats").splitlines() if line.startswith("| ") and "---" not in line][1:]
    shown = sorted(sorted(re.findall(r"`(\.[a-z.]+)`", row.split(" | ")[1])) for row in rows)
    assert shown == sorted(sorted(ending for ending in known.endings if ending) for known in FORMATS)


def test_every_dependency_is_there_with_its_purpose() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    page = _page("dependencies")
    wanted = {"Core": project["dependencies"]}
    wanted |= {f"Extra `{name}`": needed for name, needed in project["optional-dependencies"].items()}
    assert sorted(re.findall(r"^## (.+)$", page, re.MULTILINE)) == sorted(wanted)
    assert re.findall(r"^\| \S+ \| *\|$", page, re.MULTILINE) == []
    for heading, needed in wanted.items():
        names = [re.split(r"[^A-Za-z0-9-]", one)[0] for one in needed]
        assert first_cells(section(page, heading)) == sorted(name for name in names if name != "citeqa")


def test_the_costliest_request_of_every_route_that_works_is_measured() -> None:
    import json

    from citeqa.api.http.routes import ROUTERS

    measured = json.loads((ROOT / "tests" / "benchmarks" / "costliest.json").read_text(encoding="utf-8"))
    there = {row["route"].replace(":path", "") for row in measured}
    routes = {
        f"{method} {route.path.replace(':path', '')}"  # type: ignore[attr-defined]
        for router in ROUTERS
        for route in router.routes
        for method in route.methods  # type: ignore[attr-defined]
    }
    assert routes - {"GET /", "GET /metrics", "GET /api/health"} == there  # those answer with what is there already
