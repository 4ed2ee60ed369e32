"""What is installed works away from the checkout: page, reader and seed articles are in the wheel."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any, cast

import pytest
import typer
from support.paths import ROOT

from citeqa.api.cli.main import app
from citeqa.api.http.app import create_app
from citeqa.api.settings import Settings, effective
from citeqa.index.storage.postgresql.address import Address

PARTS = ("api", "index", "rag", "seeds", "pyproject.toml", "README.md", "LICENSE", "NOTICE")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the unpacked wheel, as pip would install it."""
    folder = tmp_path_factory.mktemp("wheel")
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / "source" / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / "source" / part)
    build = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", build, str(folder)],
        cwd=folder / "source",
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(folder / done.stdout.split()[-1]) as wheel:
        wheel.extractall(folder / "site")
    shutil.rmtree(folder / "source")
    return folder / "site"


@pytest.mark.slow
def test_the_wheel_holds_what_is_needed_and_nothing_of_the_tests(installed: Path) -> None:
    held = {str(path.relative_to(installed)) for path in installed.rglob("*") if path.is_file()}
    folders = (("api/static", "*"), ("index/models", "**/*"), ("rag/models", "**/*"), ("seeds", "*.txt"))
    for folder, pattern in folders:
        files = [path for path in (ROOT / folder).glob(pattern) if path.is_file()]
        assert files
        for path in files:
            name = str(path.relative_to(ROOT))
            name = name.replace("seeds/", "citeqa_seeds/", 1) if folder == "seeds" else f"citeqa/{name}"
            assert name in held
            assert (installed / name).read_bytes() == path.read_bytes()
    assert not [name for name in held if name.startswith(("tests", "deploy", "seeds"))]


@pytest.mark.slow
def test_it_answers_about_the_seed_articles_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    program = (
        "import sys, citeqa.api as api; print(api.__file__); from citeqa.api.cli.main import app; "
        "app(sys.argv[1:], standalone_mode=False)"
    )
    environment = os.environ | {"PYTHONPATH": str(installed)}
    for arguments, said in (
        (["index"], "5 added"),
        (["ask", "How much aid did the US pledge?", "--min-confidence", "0"], "$9 million"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(str(installed))
        assert said in done.stdout


def test_every_file_that_the_image_copies_is_there_and_is_not_ignored() -> None:
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()
    copied = [
        name for line in re.findall(r"^COPY (?!--from)(.+) /source\S*$", dockerfile, re.M) for name in line.split()
    ]
    allowed = {line[1:] for line in (ROOT / "deploy" / "Dockerfile.dockerignore").read_text().split() if line[0] == "!"}
    assert set(copied) == allowed == {*PARTS, "constraints.txt"}
    assert all((ROOT / name).exists() for name in copied)
    assert re.findall(r"pip install .*'/source(.*)'", dockerfile) == ["[mcp,postgres]"], (
        "the image holds the light form"
    )
    assert dockerfile.count("FROM ") == 2
    assert "USER 10001" in dockerfile
    assert "HEALTHCHECK" in dockerfile


DEPLOYED = {path.name: path.read_text() for path in (ROOT / "deploy").iterdir()}


def test_what_the_examples_of_deployment_set_are_settings() -> None:
    named = {name: set(re.findall(r"\bCITEQA_([A-Z_]+)\b", text)) for name, text in DEPLOYED.items()}
    for name in ("Dockerfile", "compose.yaml", "kubernetes.yaml"):
        assert named[name]
    assert {one.lower() for found in named.values() for one in found} <= set(Settings.model_fields)
    example = ROOT / "deploy" / "citeqa.toml"
    assert effective({}, example).settings.trusted_proxies == ("127.0.0.1",)
    assert set(tomllib.loads(example.read_text())) <= set(Settings.model_fields)


def arguments_shown() -> list[list[str]]:
    """What the examples of deployment give to the program."""
    found = [line.split() for line in re.findall(r"\bcommand: \[(.+)\]", DEPLOYED["compose.yaml"].replace(",", ""))]
    found += [line.split() for line in re.findall(r'sh, -c, "citeqa (.+)"\]', DEPLOYED["kubernetes.yaml"])]
    found += [line.split() for line in re.findall(r"^ExecStart=\S*/citeqa (.+)$", DEPLOYED["citeqa.service"], re.M)]
    found += [json.loads(line) for line in re.findall(r"^CMD (\[.+\])$", DEPLOYED["Dockerfile"], re.M)]
    return found


@pytest.mark.parametrize("arguments", arguments_shown(), ids=" ".join)
def test_what_the_examples_of_deployment_run_are_commands(arguments: list[str]) -> None:
    known: Any = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    options = {option for p in known[arguments[0]].params for option in [*p.opts, *p.secondary_opts]}
    assert {one for one in arguments if one.startswith("-")} <= options


def test_every_example_of_deployment_runs_something_and_asks_for_what_is_served() -> None:
    assert sorted(one[0] for one in arguments_shown()) == ["serve", "serve", "sync", "sync"]
    assert 'ENTRYPOINT ["citeqa"]' in DEPLOYED["Dockerfile"]
    asked = {path for text in DEPLOYED.values() for path in re.findall(r"/api/[a-z]+", text)}
    assert asked == {"/api/health", "/api/ready"}
    assert asked <= set(create_app(cast(Any, None)).openapi()["paths"])


def test_the_examples_of_several_machines_use_one_store_and_one_port() -> None:
    """The service listens where its neighbours look for it, and its user may write where its replica lies."""
    port = re.findall(r"CITEQA_PORT=(\d+)", DEPLOYED["Dockerfile"])[0]
    assert f"http://$machines:{port}" in DEPLOYED["compose-nginx.conf"]
    assert f"targetPort: {port}" in DEPLOYED["kubernetes.yaml"]
    for name in ("compose.yaml", "kubernetes.yaml"):
        assert "CITEQA_STORE" in DEPLOYED[name]
        folders = re.findall(r"CITEQA_REPLICA_FOLDER(?:, value)?: (/\w+)", DEPLOYED[name])
        assert folders
        assert set(folders) <= {"/data", "/tmp"}
    address = re.findall(r"CITEQA_STORE: (\S+)", DEPLOYED["compose.yaml"])[0]
    assert Address.of(address).shown == "postgresql://citeqa@postgres/citeqa"
