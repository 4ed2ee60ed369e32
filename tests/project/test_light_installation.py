"""The light form serves, indexes and asks without the extras; what needs one names it, and how to install it."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tomllib
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from support.paths import QUESTIONS, ROOT, SEEDS

from citeqa.index.embedding.weights import DEFAULT_MODEL
from citeqa.index.errors import MissingExtraError
from citeqa.index.extras import EXTRAS, need

CHECKOUT = (
    "Makefile",
    "constraints.txt",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "NOTICE",
    "api",
    "index",
    "rag",
    "seeds",
)
# What the extras bring, themselves and by what they need.
LEFT_OUT = [module for extra in ("models", "evaluate") for module in EXTRAS[extra]] + ["joblib", "scipy", "sklearn"]
LARGEST = 420e6  # bytes of site-packages, pip included
QUESTION, ANSWER = "How much aid did the US pledge to Cubans?", "$9 million"
PROGRAM = [sys.executable, "-c", "from citeqa.api.cli.main import main; main()"]


class Installed:
    """A way to run the program where the extras are missing. Nothing has been exported before."""

    def __init__(self, program: list[str], environment: Mapping[str, str], folder: Path) -> None:
        kept = {name: value for name, value in environment.items() if not name.startswith("CITEQA_")}
        self.program = program
        self.environment = kept | {"XDG_CACHE_HOME": str(folder / "cache"), "HF_HUB_OFFLINE": "1"}
        self.folder = folder

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.program, *map(str, arguments)],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def refused(self, *arguments: object) -> str:
        """The one line of error that a command ends with."""
        done = self.run(*arguments)
        assert (done.returncode, done.stdout) == (1, ""), done.stderr
        (line,) = done.stderr.splitlines()
        return line

    @contextmanager
    def serving(self, *arguments: str) -> Iterator[str]:
        """The address of a service that runs meanwhile."""
        command = [*self.program, "serve", "--port", "0", *arguments]
        process = subprocess.Popen(
            command, cwd=self.folder, env=self.environment, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
        )
        try:
            assert process.stderr
            said = []
            for line in process.stderr:
                said.append(line)
                if found := re.search(r"http://\S+:\d+/", line):
                    yield found.group()
                    return
            raise AssertionError("".join(said))
        finally:
            process.terminate()
            process.communicate(timeout=40)


def _answer_over_http(url: str) -> str:
    body = json.dumps({"question": QUESTION}).encode()
    request = urllib.request.Request(f"{url}api/ask", body, {"Content-Type": "application/json"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as response:
        return str(json.load(response)["answer"]["text"])


def _check(installed: Installed) -> None:
    """Everything that the light form promises."""
    done = installed.run("index", SEEDS)
    assert (done.returncode, done.stdout.split(",")[0]) == (0, "5 added"), done.stderr
    done = installed.run("ask", QUESTION, "--min-confidence", "0")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, ANSWER), done.stderr
    with installed.serving("--index", "served") as url:
        assert _answer_over_http(url) == ANSWER

    models = "the extra \"models\": pip install 'citeqa[models]'"
    evaluate = "the extra \"evaluate\": pip install 'citeqa[evaluate]'"
    assert evaluate in installed.refused("evaluate", QUESTIONS, "--corpus", SEEDS)
    assert models in installed.refused("index", SEEDS, "--index", "other", "--precision", "fp32")
    assert models in installed.refused("index", SEEDS, "--index", "other", "--model", "somebody/a-model")
    assert models in installed.refused("ask", QUESTION, "--reader", "somebody/a-reader")
    assert not (installed.folder / "cache" / "citeqa").exists(), "the shipped models need no cache"


@pytest.fixture
def blocked(tmp_path: Path) -> Installed:
    """This environment, in which what the extras bring cannot be imported by any process."""
    (tmp_path / "blocked").mkdir()
    (tmp_path / "blocked" / "sitecustomize.py").write_text(
        f"import sys\nsys.modules.update(dict.fromkeys({LEFT_OUT!r}))\n", encoding="utf-8"
    )
    path = os.pathsep.join(filter(None, [str(tmp_path / "blocked"), os.environ.get("PYTHONPATH")]))
    return Installed(PROGRAM, os.environ | {"PYTHONPATH": path}, tmp_path)


@pytest.mark.slow
def test_what_the_light_form_promises_holds_where_the_extras_cannot_be_imported(blocked: Installed) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import torch"], env=blocked.environment, capture_output=True, text=True, check=False
    )
    assert "torch" in done.stderr, "the extras are not blocked"
    _check(blocked)


def test_services_and_measurements_are_imported_where_the_extras_cannot_be(blocked: Installed) -> None:
    program = (
        "import citeqa, citeqa.api.assistants, citeqa.api.evaluation.measure, citeqa.api.http.server, citeqa.errors"
    )
    done = subprocess.run([sys.executable, "-c", program], env=blocked.environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_an_index_in_fp32_says_what_it_needs_and_is_rebuilt_without_it(blocked: Installed) -> None:
    assert blocked.run("index", SEEDS).returncode == 0
    with closing(sqlite3.connect(blocked.folder / ".citeqa" / "catalog.sqlite3")) as database, database:
        changed = database.execute("UPDATE settings SET value = ? WHERE name = 'embedder.precision'", ['"fp32"'])
        assert changed.rowcount == 1
    said = blocked.refused("ask", QUESTION)
    assert f'the model {DEFAULT_MODEL!r} in fp32 needs the extra "models"' in said
    command = "citeqa index --rebuild --precision int8"
    assert said.endswith(command)
    assert blocked.run(*command.split()[1:]).stdout.startswith("rebuilt: ")
    assert blocked.run("ask", QUESTION, "--min-confidence", "0").stdout.splitlines()[0] == ANSWER


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the light form is installed from."""
    folder = tmp_path_factory.mktemp("light") / "citeqa"
    folder.mkdir()
    for part in CHECKOUT:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / part, folder / part)
    return folder


@pytest.mark.slow
@pytest.mark.timeout(1200)  # pip installs
def test_what_is_installed_is_small_and_keeps_its_promises(checkout: Path, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    made = subprocess.run(
        ["make", "-C", str(checkout), "light", f"PYTHON={sys.executable}"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode and "CI" not in os.environ and re.search("No matching distribution|connection", made.stderr):
        pytest.skip(f"pip reaches no index of packages: {made.stderr.splitlines()[-1]}")
    assert made.returncode == 0, made.stderr
    python = checkout / ".venv" / "bin" / "python"
    program = (
        "import json, sysconfig; from importlib.util import find_spec; "
        f"print(json.dumps([sysconfig.get_path('purelib'), [m for m in {LEFT_OUT!r} if find_spec(m)]]))"
    )
    site, found = json.loads(subprocess.check_output([python, "-c", program], text=True, env=environment))
    assert found == []
    size = sum(path.stat().st_size for path in Path(site).rglob("*") if path.is_file() and not path.is_symlink())
    assert size <= LARGEST
    _check(Installed([str(python.with_name("citeqa"))], environment, tmp_path))


def _installs(checkout: Path, target: str) -> list[str]:
    """What pip would install for a target of the Makefile."""
    planned = subprocess.check_output(["make", "-C", str(checkout), "--dry-run", target], text=True)
    return re.findall(r"pip install .*--editable '(.+)'", planned)


def test_serving_installs_the_light_form_and_testing_adds_the_rest(checkout: Path, tmp_path: Path) -> None:
    copy = tmp_path / "citeqa"
    copy.mkdir()
    for name in ("Makefile", "constraints.txt", "pyproject.toml"):
        shutil.copy(checkout / name, copy / name)
    stamps = copy / ".venv"
    (stamps / "bin").mkdir(parents=True)
    (stamps / "bin" / "python").touch()
    assert (_installs(copy, "serve"), _installs(copy, "test")) == (["."], [".[dev]"])
    (stamps / ".light").touch()
    assert (_installs(copy, "serve"), _installs(copy, "test")) == ([], [".[dev]"])
    (stamps / ".development").touch()
    assert (_installs(copy, "serve"), _installs(copy, "test")) == ([], [])
    os.utime(stamps / ".light", (0, 0))
    assert _installs(copy, "serve") == [], "the development form serves too"
    os.utime(stamps / ".development", (0, 0))
    assert (_installs(copy, "serve"), _installs(copy, "test")) == ([".[dev]"], [".[dev]"])


def test_the_modules_of_each_extra_are_those_that_it_installs() -> None:
    named = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    del named["dev"]
    packages = {extra: {re.split(r"[^\w-]", one)[0].replace("-", "_") for one in held} for extra, held in named.items()}
    known = {"PIL": "pillow", "cv2": "opencv_python_headless"}  # modules that have another name than their package
    assert packages == {extra: {known.get(one, one) for one in modules} for extra, modules in EXTRAS.items()}


def test_a_missing_module_of_an_extra_is_noticed_without_loading_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = {*sys.modules}
    need("report", "a page")
    monkeypatch.setitem(EXTRAS, "report", ("jinja2", "no_such_module"))
    with pytest.raises(MissingExtraError) as raised:
        need("report", "a page", "Read the JSON instead")
    assert raised.value.extra == "report"
    assert str(raised.value) == "a page needs the extra \"report\": pip install 'citeqa[report]'. Read the JSON instead"
    assert {*sys.modules} - loaded == set()
