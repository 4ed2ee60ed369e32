"""What an index was made with: everything that must be the same for two texts to be in one index."""

from __future__ import annotations

import shlex
from dataclasses import asdict

from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.embedding.embedder import EmbedderInfo
from citeqa.index.errors import IndexMismatchError
from citeqa.index.protocols import IndexSettings
from citeqa.index.ranking.analyzer import ANALYZER

_OPTIONS = {
    "embedder.name": "--model",
    "embedder.precision": "--precision",
    "chunker.passage_tokens": "--passage-tokens",
    "chunker.overlap_sentences": "--overlap-sentences",
}


def settings_of(embedder: EmbedderInfo, chunker: ChunkerSettings) -> dict[str, str | int]:
    """The settings of an index that is made with this embedder, this chunker and this program's analyzer."""
    return (
        {f"embedder.{name}": value for name, value in asdict(embedder).items()}
        | {f"chunker.{name}": value for name, value in asdict(chunker).items()}
        | {"analyzer": ANALYZER}
    )


def chunker_of(settings: IndexSettings) -> ChunkerSettings:
    """The chunker's settings that an index was made with; the defaults where it has none."""
    prefix = "chunker."
    return ChunkerSettings(**{n.removeprefix(prefix): int(v) for n, v in settings.items() if n.startswith(prefix)})


def check_settings(address: object, found: IndexSettings, given: IndexSettings) -> None:
    """Raises IndexMismatchError if the settings that were found in an index are not those given. The message holds
    both values of everything that differs, and the command that mends it."""
    differing = [name for name in sorted(found.keys() | given.keys()) if found.get(name) != given.get(name)]
    if differing:
        values = "; ".join(f"{name} is {found.get(name)!r} there, {given.get(name)!r} here" for name in differing)
        options = [f"{_OPTIONS[name]} {shlex.quote(str(given[name]))}" for name in differing if name in _OPTIONS]
        command = " ".join(["citeqa index --rebuild --index", shlex.quote(str(address)), *options])
        raise IndexMismatchError(
            f"the index in {address} was made with other settings: {values}. Use its settings, name another folder "
            f"(--index), or make everything again from the stored texts: {command}"
        )
