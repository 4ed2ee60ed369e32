"""The folder of exported models, which all indexes share: one process exports at a time, and each finds it whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.models import save_tiny_model

from citeqa.api.settings import Settings
from citeqa.index.embedding.cache import exporting
from citeqa.index.embedding.loading import load_embedder
from citeqa.index.errors import ModelCacheError

AT_ONCE = """
import logging, sys
from pathlib import Path
from citeqa.index.embedding.loading import load_embedder
logging.basicConfig(level=logging.INFO)
model, cache = sys.argv[1:]
print(load_embedder(model, Path(cache)).embed_query("hello world").tolist())
"""


@pytest.mark.slow
def test_two_processes_that_need_the_same_model_export_it_once(tmp_path: Path) -> None:
    model, cache = save_tiny_model(tmp_path), tmp_path / "cache"
    command = [sys.executable, "-c", AT_ONCE, str(model), str(cache)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    done = [process.communicate() for process in started]
    vectors = {printed for printed, _ in done}
    assert len(vectors) == 1, done
    assert "0." in vectors.pop()
    assert sum("exporting the model" in said for _, said in done) == 1
    assert len(list(cache.glob("[!.]*"))) == 1


def test_one_folder_is_made_by_one_at_a_time_and_others_are_not_held_up(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from citeqa.index.embedding.cache import exporting\n"
        "with exporting(Path(sys.argv[1])): print('mine', flush=True)"
    )

    def another(name: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", program, str(tmp_path / name)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    with exporting(tmp_path / "a"):
        same, other = another("a"), another("b")
        assert other.communicate()[0] == "mine\n"
        assert same.poll() is None
    assert same.communicate()[0] == "mine\n"


def test_a_cache_that_cannot_be_written_to_is_named_with_the_setting_that_names_another(tmp_path: Path) -> None:
    """A file stands in its way: that stops everybody, the administrator too."""
    (tmp_path / "file").touch()
    cache = tmp_path / "file" / "models"
    with pytest.raises(ModelCacheError, match=r"file/models cannot be written to: .+ with CITEQA_MODELS"):
        load_embedder("somebody/a-model", cache)


def test_it_lies_in_the_users_cache_folder_unless_another_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CITEQA_MODELS", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found = Settings(index=tmp_path / "index").exported
    assert found.is_relative_to(tmp_path)
    assert not found.is_relative_to(tmp_path / "index")
    assert found == Settings(index=tmp_path / "another").exported
    assert Settings(models=tmp_path / "named").exported == tmp_path / "named"
