"""What is installed works away from the checkout: page, reader and seed articles are in the wheel."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from support.paths import ROOT

from citeqa.api.settings import Settings, effective

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


def test_what_the_examples_of_deployment_set_are_settings() -> None:
    named = re.findall(r"CITEQA_([A-Z_]+)=", (ROOT / "deploy" / "Dockerfile").read_text())
    named += re.findall(r"CITEQA_([A-Z_]+)=", (ROOT / "deploy" / "citeqa.service").read_text())
    assert {name.lower() for name in named} <= set(Settings.model_fields)
    example = ROOT / "deploy" / "citeqa.toml"
    assert effective({}, example).settings.trusted_proxies == ("127.0.0.1",)
    assert set(tomllib.loads(example.read_text())) <= set(Settings.model_fields)
