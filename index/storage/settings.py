"""What an index was made with: everything that must be the same for two texts to be in one index."""

from __future__ import annotations

import shlex
from dataclasses import asdict

from citeqa.index.documents.chunker import STRUCTURE, ChunkerSettings
from citeqa.index.embedding.embedder import EmbedderInfo
from citeqa.index.errors import IndexMismatchError, option_of
from citeqa.index.protocols import IndexSettings
from citeqa.index.ranking.analyzer import ANALYZER

_STRUCTURE = "chunker.structure"
_OPTIONS = {
    "embedder.name": "--model",
    "embedder.precision": "--precision",
    "chunker.passage_tokens": "--passage-tokens",
    "chunker.overlap_sentences": "--overlap-sentences",
}


def settings_of(embedder: EmbedderInfo, chunker: ChunkerSettings) -> dict[str, str | int]:
    """The settings of an index that is made with this embedder, this chunker and this program's analyzer."""
    given = {f"chunker.{name}": value for name, value in asdict(chunker).items()}
    if not chunker.structure:  # so say the indexes of earlier versions
        del given[_STRUCTURE]
    return searched_with(embedder) | given


def searched_with(embedder: EmbedderInfo) -> dict[str, str | int]:
    """Those of the settings that must be the same for an index to be searched."""
    named = {f"embedder.{name}": value for name, value in asdict(embedder).items() if value is not None}
    return named | {"analyzer": ANALYZER}


def chunker_of(settings: IndexSettings) -> ChunkerSettings:
    """The chunker's settings that an index was made with; the defaults if there is no index."""
    prefix = "chunker."
    found = {n.removeprefix(prefix): int(v) for n, v in settings.items() if n.startswith(prefix)}
    return ChunkerSettings(**({"structure": 0} | found if settings else {}))


def is_outdated(settings: IndexSettings) -> bool:
    """Whether an index keeps its passages in the form of an earlier version. It answers as it did then, and what is
    added gets that form too, until everything is made again."""
    return bool(settings) and chunker_of(settings).structure < STRUCTURE


def rebuilding(address: object) -> str:
    """What is told of such an index."""
    return (
        f"the index in {address} was made by an earlier version and answers as before, without knowing tables, lists "
        f"and headings; to make its passages anew: citeqa index --rebuild {option_of(address)}"
    )


def check_settings(address: object, found: IndexSettings, wanted: IndexSettings) -> None:
    """Raises IndexMismatchError if the settings found in an index are not those wanted. The message says both values
    of each setting that differs, and the command that mends it."""
    if values := differing(found, wanted):
        names = [name for name in sorted(wanted) if found.get(name) != wanted[name] and name in _OPTIONS]
        options = [f"{_OPTIONS[name]} {shlex.quote(str(wanted[name]))}" for name in names]
        command = " ".join(["citeqa index --rebuild", option_of(address), *options])
        raise IndexMismatchError(
            f"the index in {address} was made with other settings: {values}. Use its settings, name another folder "
            f"(--index), or rebuild everything from the stored texts: {command}"
        )


def differing(found: IndexSettings, wanted: IndexSettings) -> str:
    """Both values of each setting that differs; empty if none does."""
    names = [name for name in sorted(found.keys() | wanted.keys()) if found.get(name) != wanted.get(name)]
    return "; ".join(f"{name} is {found.get(name)!r} there, {wanted.get(name)!r} here" for name in names)
