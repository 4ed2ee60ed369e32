"""Which embedder runs: the form that is shipped, else the exported form of a model, else the model itself.

<package>/index/models/all-MiniLM-L6-v2/                     the default model in 8 bits, as it is shipped

<cache>/<first digits of the model's digest>-<precision>/    the exported form
<cache>/names/<digest of a name>                             the digest of the hub's model that was loaded by it
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from citeqa.index.atomic import write_json
from citeqa.index.embedding.cache import check_writable, exporting
from citeqa.index.embedding.weights import DEFAULT_MODEL, DEFAULT_PRECISION, digest
from citeqa.index.errors import EmbedderError
from citeqa.index.extras import need
from citeqa.index.shared import Shared

if TYPE_CHECKING:
    from citeqa.index.embedding.embedder import Embedder
    from citeqa.index.embedding.sentence_transformer import SentenceTransformerEmbedder

log = logging.getLogger(__name__)

PRECISIONS = ("fp32", "int8")
SHIPPED = Path(__file__).parents[1] / "models" / DEFAULT_MODEL  # made by `shipping`
_LIGHT = "Without it, use --precision int8; to rebuild an index: citeqa index --rebuild --precision int8"


def _open(folder: Path) -> Embedder:
    from citeqa.index.embedding.onnx_embedder import OnnxEmbedder

    return OnnxEmbedder.open(folder)


opened = Shared(_open)  # all embedders that are in use and run as ONNX files


def load_embedder(model: str, cache: Path, precision: str = DEFAULT_PRECISION) -> Embedder:
    """The embedder for a model, ready to run.

    The default model in 8 bits is shipped and opened as it is; `cache` is left alone. Any other is loaded by
    sentence-transformers the first time, and its exported form is written into `cache`; from then on torch is not
    imported. A model that cannot be exported runs through sentence-transformers, and the log says so. Several processes
    may do this at once.

    Raises:
        MissingExtraError: if the model must be exported and what exports it is not installed.
        ModelCacheError: if it must be exported and `cache` cannot be written to.
        EmbedderError: if the model cannot be loaded, or does not run here as it did where it was exported.
    """
    if (model, precision) == (DEFAULT_MODEL, "int8"):
        return _shipped()
    alias = cache / "names" / hashlib.sha256(model.encode()).hexdigest()[:16]
    known = digest(model) or (str(json.loads(alias.read_text())) if alias.exists() else None)
    found = _opened(_folder(cache, known, precision)) if known else None
    if found:
        return found
    shown = f"the model {model!r} in {precision}" if model == DEFAULT_MODEL else f"the embedding model {model!r}"
    need("models", shown, _LIGHT if model == DEFAULT_MODEL else "")
    check_writable(cache)
    from citeqa.index.embedding.sentence_transformer import SentenceTransformerEmbedder

    reference = SentenceTransformerEmbedder(model)
    folder = _folder(cache, reference.info.sha256, precision)
    with exporting(folder):
        if digest(model) is None:
            alias.parent.mkdir(parents=True, exist_ok=True)
            write_json(alias, reference.info.sha256)
        return _opened(folder) or _exported(reference, folder, precision)


def _opened(folder: Path) -> Embedder | None:
    """The exported model in `folder`; None if there is none, or a damaged one."""
    from citeqa.index.embedding.onnx_embedder import DamagedExportError

    try:
        return opened.open(folder)
    except (FileNotFoundError, DamagedExportError):
        return None


def _shipped() -> Embedder:
    from citeqa.index.embedding.onnx_embedder import DamagedExportError

    try:
        return opened.open(SHIPPED)
    except (DamagedExportError, FileNotFoundError) as error:
        raise EmbedderError(f"the model that citeqa ships is damaged: {error}; reinstall citeqa") from None


def _folder(cache: Path, sha256: str, precision: str) -> Path:
    return cache / f"{sha256[:16]}-{precision}"


def _exported(reference: SentenceTransformerEmbedder, folder: Path, precision: str) -> Embedder:
    from citeqa.index.embedding.export import ExportError, export

    name = reference.info.name
    if folder.exists():
        log.warning("exporting the model %s again: the files in %s are damaged", name, folder)
        shutil.rmtree(folder)
    else:
        log.info("exporting the model %s; this happens only once", name)
    try:
        export(reference, folder, precision)
    except ExportError as error:
        log.warning("%s cannot be exported (%s); it runs through sentence-transformers, more slowly", name, error)
        return reference
    return opened.open(folder)
