"""Settings: option before environment before file before default, names that are none, keys that are never shown."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from support.paths import ROOT
from support.servers import PROGRAM

from citeqa.api.settings import Settings, effective
from citeqa.index.errors import CiteqaError

KEY = "k" * 24


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without settings."""
    for name in [name for name in os.environ if name.startswith("CITEQA_")]:
        monkeypatch.delenv(name)
    return monkeypatch


@given(st.integers(0, 9), st.integers(10, 19), st.integers(20, 29), st.tuples(*[st.booleans()] * 3))
def test_the_nearest_of_option_environment_and_file_holds(
    tmp_path_factory: pytest.TempPathFactory, option: int, environment: int, filed: int, there: tuple[bool, bool, bool]
) -> None:
    file = tmp_path_factory.mktemp("settings") / "citeqa.toml"
    file.write_text(f"port = {filed}\n" if there[2] else "")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("CITEQA_")]:
            patch.delenv(name)
        if there[1]:
            patch.setenv("CITEQA_PORT", str(environment))
        found = effective({"port": option} if there[0] else {}, file)
    sources = [(option, "option"), (environment, "environment"), (filed, "file")]
    expected = next((pair for pair, given in zip(sources, there, strict=True) if given), (8000, "default"))
    assert (found.settings.port, found.origins["port"]) == expected


def test_the_file_is_named_by_the_environment_too(alone: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('host = "::1"\nread_keys = ["' + KEY + '"]\nwriting = true\ntimeout = 2.5\n')
    alone.setenv("CITEQA_CONFIG", str(tmp_path / "a.toml"))
    settings = effective({}).settings
    assert (settings.host, settings.writing, settings.timeout) == ("::1", True, 2.5)
    assert [key.get_secret_value() for key in settings.read_keys] == [KEY]


def test_lists_are_parted_by_commas_in_the_environment(alone: pytest.MonkeyPatch) -> None:
    alone.setenv("CITEQA_ALLOWED_HOSTS", "a.example, b.example,")
    alone.setenv("CITEQA_READ_KEYS", f"{KEY},{KEY}2")
    settings = effective({}).settings
    assert settings.allowed_hosts == ("a.example", "b.example")
    assert len(settings.read_keys) == 2


@pytest.mark.parametrize(
    ("name", "near"),
    [("CITEQA_PROT", "CITEQA_PORT"), ("CITEQA_READ_KEY", "CITEQA_READ_KEYS"), ("citeqa_workerz", "CITEQA_WORKERS")],
)
def test_a_name_that_is_no_setting_is_refused_with_the_nearest_that_is(
    alone: pytest.MonkeyPatch, name: str, near: str
) -> None:
    alone.setenv(name, "1")
    with pytest.raises(CiteqaError, match=rf"{name.upper()}.*did you mean {near}\?"):
        effective({})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("prot = 1", "did you mean port"),
        ("[serve]\nport = 1", "not a setting"),
        ("port = ", "not valid TOML"),
        (b"\xff", "not valid TOML"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_is_not_right_is_refused_by_its_name(
    alone: pytest.MonkeyPatch, tmp_path: Path, content: str | bytes | None, said: str
) -> None:
    file = tmp_path / "citeqa.toml"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(CiteqaError, match=said) as refused:
        effective({}, file)
    assert str(file) in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("read_keys", key) for key in ("short", "k" * 15, "ü" * 20, "with blank " * 3, 'quote"quote"quote"')),
        *(("rate_limit", rate) for rate in ("often", "0/minute", "5", "5/fortnight", "-1/minute", "5/minute;1/day")),
        *(("allowed_origins", origin) for origin in ("*", "null", "good.example", "https://good.example/", "https://")),
        *(("trusted_proxies", proxy) for proxy in ("*", "proxy.example", "10.0.0.1/8")),
        *(("port", "-1"), ("workers", "0"), ("timeout", "0"), ("max_question", "2001"), ("url", "ftp://x")),
    ],
)
def test_values_that_would_be_a_mistake_are_refused_without_being_shown(
    alone: pytest.MonkeyPatch, name: str, value: str
) -> None:
    alone.setenv(f"CITEQA_{name.upper()}", value)
    with pytest.raises(ValidationError) as refused:
        effective({})
    assert name in str(refused.value.errors()[0]["loc"])
    if name == "read_keys":
        assert value not in "".join(fault["msg"] for fault in refused.value.errors())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"host": "0.0.0.0"}, "--unauthenticated"),
        ({"host": "::"}, "CITEQA_READ_KEYS"),
        ({"host": "qa.example.org"}, "127.0.0.1"),
        ({"host": "192.0.2.1", "writing": True}, "no key is set"),
        ({"read_keys": KEY, "writing": True}, "CITEQA_WRITE_KEYS"),
    ],
)
def test_serving_carelessly_is_refused_with_what_mends_it(settings: dict[str, object], said: str) -> None:
    with pytest.raises(CiteqaError, match=said):
        Settings(**settings).check_serving()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"host": "::1"},
        {"host": "127.9.9.9", "writing": True},
        {"host": "0.0.0.0", "read_keys": KEY},
        {"host": "0.0.0.0", "write_keys": KEY, "writing": True},
        {"host": "0.0.0.0", "unauthenticated": True},
    ],
)
def test_serving_with_care_is_not(settings: dict[str, object]) -> None:
    Settings(**settings).check_serving()  # type: ignore[arg-type]


def test_beyond_this_machine_there_is_a_rate_limit_unless_it_is_off() -> None:
    assert Settings().rate is None
    assert Settings(host="0.0.0.0").rate == "600/minute"
    assert Settings(host="0.0.0.0", rate_limit="off").rate is None
    assert Settings(rate_limit="5/second").rate == "5/second"


def test_print_config_shows_every_setting_and_no_key() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CITEQA_")}
    environment |= {"CITEQA_READ_KEYS": KEY, "CITEQA_KEY": KEY, "CITEQA_WORKERS": "3"}
    command = [*PROGRAM, "serve", "--print-config", "--port", "81"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, cwd=ROOT)
    shown = dict(re.findall(r"^(\w+) += (.*)$", done.stdout, re.MULTILINE))
    assert set(shown) == set(Settings.model_fields)
    assert (shown["port"], shown["workers"]) == ("81  # option", "3  # environment")
    assert (shown["read_keys"], shown["key"]) == ('["***"]  # environment', '"***"  # environment')
    assert KEY not in done.stdout + done.stderr


def test_each_option_of_serve_is_a_setting() -> None:
    done = subprocess.run([*PROGRAM, "serve", "--help"], capture_output=True, text=True, check=True)
    options = set(re.findall(r"--([a-z-]+)", done.stdout))
    assert options - {"help", "config", "print-config"} <= set(Settings.model_fields)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://qa.example", "https://qa.example"),
        ("https://ann:secret@qa.example:81/a@b", "https://***@qa.example:81/a@b"),
        ("https://secret@qa.example", "https://***@qa.example"),
    ],
)
def test_a_password_inside_an_address_is_masked(url: str, shown: str) -> None:
    (line,) = [line for line in effective({"url": url}).lines() if line.startswith("url ")]
    assert f'"{shown}"' in line
