"""Readers: find scored answer spans in passages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citeqa.index.lazy import public

if TYPE_CHECKING:
    from citeqa.rag.reader.loading import load_reader
    from citeqa.rag.reader.onnx_reader import OnnxReader
    from citeqa.rag.reader.protocol import Reader, ReaderError, ReaderInfo
else:
    __getattr__ = public(
        __name__,
        {
            "loading": ["load_reader"],
            "onnx_reader": ["OnnxReader"],
            "protocol": ["Reader", "ReaderError", "ReaderInfo"],
        },
    )

__all__ = ["OnnxReader", "Reader", "ReaderError", "ReaderInfo", "load_reader"]
