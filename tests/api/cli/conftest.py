"""The command line, run in the tests' own process."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support.command_line import Result, Run

from citeqa.api.cli.main import main


@pytest.fixture
def citeqa(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs a command line in this process, in an empty folder and an environment without settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("INDEX", "HOST", "PORT", "MODEL", "PRECISION", "READER"):
        monkeypatch.delenv(f"CITEQA_{name}", raising=False)

    def run(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["citeqa", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        assert code is None or isinstance(code, int)
        return Result(code or 0, *capsys.readouterr())

    return run
