"""The settings. Only this module reads the environment. Order of precedence: option, environment, file, default."""

from __future__ import annotations

import difflib
import hashlib
import ipaddress
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from platformdirs import user_cache_path
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from citeqa.api.setting_values import Endings, Keys, Listed, Networks, Origins, Rate
from citeqa.index.errors import CiteqaError
from citeqa.index.formats.choice import Choice
from citeqa.index.storage.postgresql.address import shown
from citeqa.rag.options import Look

PREFIX = "CITEQA_"
CONFIG = "CITEQA_CONFIG"  # names the settings file; not a setting itself
_TESTS = "CITEQA_TEST_"  # variables of the program's own tests
Origin = Literal["option", "environment", "file", "default"]


def _seeds() -> Path:
    """The folder of the seed articles: in the checkout, or else in the installed package."""
    checkout = Path(__file__).resolve().parents[1] / "seeds"
    if checkout.is_dir():
        return checkout
    installed = find_spec("citeqa_seeds")
    return Path(next(iter(installed.submodule_search_locations))) if installed else checkout  # type: ignore[arg-type]


SEEDS = _seeds()


class Settings(BaseSettings):
    """Everything that can be configured. Each setting has an environment variable: `CITEQA_INDEX`, `CITEQA_MODEL` and
    so on."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    index: Path = Field(default=Path(".citeqa"), description="the folder of the index")
    store: SecretStr | None = Field(
        default=None,
        description="address of an index that several machines share, `postgresql://user@host:5432/database`, instead "
        "of a folder; it may hold a password, which is never shown",
    )
    replica_folder: Path | None = Field(
        default=None,
        description="folder of this machine's replica of such an index; by default one in the user's cache folder",
    )
    replica_from: Path | None = Field(
        default=None,
        description="folder of another machine's replica, or a copy of it, that a fresh replica starts from instead of "
        "being filled from the server",
    )
    max_lag: float = Field(
        default=300,
        gt=0,
        description="seconds that a replica may be out of touch with its index before `/api/ready` says so (503)",
    )
    host: str = Field(default="127.0.0.1", description="the address to listen on")
    port: int = Field(default=8000, ge=0, le=65535, description="the port to listen on; 0 takes a free one")
    model: str | None = Field(default=None, description="embedding model of a new index, by name or path")
    precision: Literal["fp32", "int8"] | None = Field(
        default=None, description="precision of a new index's embedding model; int8 by default"
    )
    reader: str | None = Field(
        default=None, description="question-answering model that reads, by name or path; the shipped one by default"
    )
    look: Look = Field(
        default="twice",
        description="how often passages are read: twice is again, by a larger reader, where the first is not sure",
    )
    models: Path | None = Field(
        default=None, description="folder of exported models; by default one in the user's cache folder"
    )

    rows: bool = Field(default=False, description="whether each row of a CSV or TSV file is a document")
    as_text: bool = Field(
        default=False, description="whether files of unknown endings are read as text, where they are UTF-8"
    )
    text_endings: Endings = Field(default=(), description="more endings of files that are plain text, such as .log")

    writing: bool = Field(default=False, description="whether documents may be added and deleted over HTTP")

    originals: bool = Field(
        default=False, description="whether the files that documents came from may be fetched, while they are unchanged"
    )
    keep_originals: bool = Field(
        default=False,
        description="whether uploaded files are kept in the folder of the index, as long as their document",
    )

    read_keys: Keys = Field(default=(), description="keys that may ask")
    write_keys: Keys = Field(default=(), description="keys that may also change documents")
    unauthenticated: bool = Field(default=False, description="serve without keys on an address that others can reach")
    allowed_hosts: Listed = Field(
        default=(), description="host names to answer to; by default all of them, on loopback only this machine's own"
    )
    allowed_origins: Origins = Field(default=(), description="other sites whose pages may use the service (CORS)")
    trusted_proxies: Networks = Field(
        default=(),
        description="addresses or networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed",
    )
    rate_limit: Rate | None = Field(
        default=None,
        description="how many requests one client may make; by default 600/minute, on loopback off",
    )

    max_body: int = Field(default=1_000_000, ge=10_000, description="most bytes of a request")
    max_upload: int = Field(default=64_000_000, ge=10_000, description="most bytes of an uploaded document")
    max_question: int = Field(default=2000, ge=1, le=2000, description="most characters of a question")
    max_batch: int = Field(default=50, ge=1, le=1000, description="most questions of a batch")
    max_read: int = Field(
        default=100_000, ge=1, description="most characters of all the texts that come with a question"
    )

    max_read_tokens: int = Field(
        default=30_000, ge=1, description="most tokens of all the texts that come with a question"
    )
    max_connections: int = Field(default=1000, ge=1, description="most connections to each worker")

    answering: int = Field(default=2, ge=1, le=64, description="questions that each worker answers at once")
    queue: int = Field(
        default=64,
        ge=0,
        description="questions that may wait for their turn in each worker, and as many requests for documents",
    )
    cache: int = Field(
        default=1000,
        ge=0,
        le=100_000,
        description="answers each worker keeps for when the same is asked again before the index changes; 0: none",
    )
    timeout: float = Field(
        default=30, gt=0, le=3600, description="seconds that a request may take to arrive, or wait for its turn"
    )
    grace: int = Field(default=30, ge=0, le=3600, description="seconds to finish what was begun when told to stop")
    workers: int = Field(default=1, ge=1, le=64, description="processes that answer; each needs about 300 MB")

    log_format: Literal["text", "json"] = Field(
        default="text", description="json: one object a line, each request logged; text: for a terminal"
    )
    log_questions: bool = Field(default=False, description="whether the log may hold the text of questions")

    url: str | None = Field(
        default=None, pattern="^https?://", description="a running service to ask, instead of opening the index"
    )
    key: SecretStr | None = Field(default=None, description="the key to ask that service with")

    @property
    def choice(self) -> Choice:
        """How files are read."""
        return Choice(self.rows, self.as_text, frozenset(self.text_endings))

    @property
    def address(self) -> str | Path:
        """Where the index is: a folder, or the address of a store with the folders of replicas. It may hold a password:
        `shown_address` is what people are told."""
        if self.store is None:
            return self.index
        address = self.store.get_secret_value()
        folder = self.replica_folder
        if folder is None:
            digest = hashlib.sha256(shown(address).encode()).hexdigest()[:16]
            folder = user_cache_path("citeqa", appauthor=False) / "replicas" / digest
        for name, path in (("replica_folder", folder), ("replica_from", self.replica_from)):
            if path is not None and f"{name}=" not in address:
                address += f"{'&' if '?' in address else '?'}{name}={quote(str(path.absolute()), safe='')}"
        return address

    @property
    def shown_address(self) -> str:
        """Where the index is, without a password."""
        return shown(self.index if self.store is None else self.store.get_secret_value())

    @property
    def exported(self) -> Path:
        """The folder of exported models, which all indexes share."""
        return self.models or user_cache_path("citeqa", appauthor=False) / "models"

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the service."""
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def authentication(self) -> bool:
        """Whether requests need a key."""
        return bool(self.read_keys or self.write_keys)

    @property
    def rate(self) -> str | None:
        """The effective rate limit; None if there is none."""
        given = self.rate_limit or ("off" if self.on_loopback else "600/minute")
        return None if given == "off" else given

    @property
    def hosts(self) -> frozenset[str] | None:
        """The host names that the service answers to; None for all."""
        if not self.on_loopback and not self.allowed_hosts:
            return None
        return frozenset({"localhost", "127.0.0.1", "[::1]", self.host, *(name.lower() for name in self.allowed_hosts)})

    def check_serving(self) -> None:
        """Raises CiteqaError if it would be unsafe to serve with these settings, or they cannot go together."""
        if self.store is not None and self.keep_originals:
            raise CiteqaError(
                "uploaded files are not kept where several machines share an index: set CITEQA_KEEP_ORIGINALS=false"
            )
        if not self.on_loopback and not self.authentication and not self.unauthenticated:
            raise CiteqaError(
                f"other machines can reach the service on {self.host}, but no key is set: set CITEQA_READ_KEYS, "
                "listen on 127.0.0.1, or allow everybody to ask with --unauthenticated"
            )
        if self.writing and self.read_keys and not self.write_keys:
            raise CiteqaError("writing is enabled, but no key may write: set CITEQA_WRITE_KEYS too")


@dataclass(frozen=True, slots=True)
class Effective:
    """The effective settings, and the origin of each by name."""

    settings: Settings
    origins: Mapping[str, Origin]

    def lines(self) -> list[str]:
        """One line for each setting. Keys are counted, never shown."""
        width = max(map(len, Settings.model_fields))
        return [f"{name:<{width}} = {self._shown(name)}  # {self.origins[name]}" for name in Settings.model_fields]

    def _shown(self, name: str) -> str:
        value = getattr(self.settings, name)
        if name == "rate_limit":
            value = self.settings.rate or "off"
        if name == "store" and value is not None:
            return f'"{self.settings.shown_address}"'
        if isinstance(value, SecretStr):
            return '"***"'
        if isinstance(value, tuple):
            return "[" + ", ".join('"***"' if isinstance(one, SecretStr) else f'"{one}"' for one in value) + "]"
        if name == "url" and value and "@" in urlsplit(value).netloc:
            value = value.replace(urlsplit(value).netloc.rpartition("@")[0], "***", 1)
        if value is None:
            return "(not set)"
        return str(value).lower() if isinstance(value, bool | int | float) else f'"{value}"'


def effective(given: Mapping[str, Any], config: Path | None = None) -> Effective:
    """The effective settings. The options in `given` override the environment, which overrides the TOML file that
    `config` or CITEQA_CONFIG names.

    Raises:
        CiteqaError: if a name is not that of a setting, or the file cannot be read.
        ValidationError: if a value is not valid.
    """
    environment = {name.upper(): name for name in os.environ if name.upper().startswith(PREFIX)}
    names = {n.removeprefix(PREFIX).lower() for n in environment if n != CONFIG and not n.startswith(_TESTS)}
    _check_names(names, "the environment", lambda name: PREFIX + name.upper())
    path = config or (Path(os.environ[CONFIG]) if os.environ.get(CONFIG) else None)
    filed = _from_file(path) if path else {}
    below = {name: value for name, value in filed.items() if name not in names}
    chosen = dict(given)
    if "index" in given:  # a folder that is named on the command line overrides a store that is set elsewhere
        chosen.setdefault("store", None)
    settings = Settings(**(below | chosen))
    origins: dict[str, Origin] = {}
    for name in Settings.model_fields:
        origins[name] = "option" if name in given else "environment" if name in names else "default"
        if origins[name] == "default" and name in filed:
            origins[name] = "file"
    return Effective(settings, origins)


def _from_file(path: Path) -> dict[str, Any]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CiteqaError(f"the settings file {path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CiteqaError(f"the settings file {path} is not valid TOML: {error}") from None
    _check_names(found, str(path), str)
    return found


def _check_names(names: Iterable[str], where: str, written: Any) -> None:
    for name in sorted(names):
        if name not in Settings.model_fields:
            near = difflib.get_close_matches(name, Settings.model_fields, n=1, cutoff=0)
            raise CiteqaError(f"{where} sets {written(name)}, which is not a setting; did you mean {written(near[0])}?")
