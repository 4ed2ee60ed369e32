"""The OpenAPI document holds: what schemathesis makes of it is answered as it says, and never with a 5xx."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.schemathesis import tried
from support.servers import ConfiguredServer


@pytest.mark.parametrize("writing", [False, True])
@pytest.mark.slow
def test_generated_requests_are_answered_as_the_contract_says(seeds_index: Path, tmp_path: Path, writing: bool) -> None:
    index = shutil.copytree(seeds_index, tmp_path / "index")
    with ConfiguredServer(index, tmp_path / "log", writing=str(writing).lower()) as server:
        done = tried(server.url, 4, "--seed", "1", "--phases", "examples,fuzzing")
    assert done.returncode == 0, done.stdout
    assert "Traceback" not in (tmp_path / "log").read_text()
