"""What the database knows of the files that documents came from, so that sync reads only what changed."""

from __future__ import annotations

import json
from collections.abc import Mapping

from citeqa.index.storage.rows import Rows
from citeqa.index.types import SourceFile

_ALL = ""  # no file has this name


class FileTable(Rows):
    """The files of synced folders; `root` is such a folder's path."""

    def files(self, root: str) -> dict[str, tuple[str, str | None]]:
        """The files of a folder as they were last read: by name the digest, and the reason if the file was skipped."""
        rows = self._fetch("SELECT name, sha256, reason FROM files WHERE root = ? AND name <> ?", (root, _ALL))
        return {name: (sha256, reason) for name, sha256, reason in rows}

    def all_files(self) -> list[tuple[SourceFile, str, str | None]]:
        """All that is known of files, and of the versions of formats they were read with."""
        rows = self._fetch("SELECT root, name, sha256, reason FROM files")
        return [(SourceFile(root, name), sha256, reason) for root, name, sha256, reason in rows]

    def versions_read(self, root: str) -> dict[str, int]:
        """The versions of formats that all files of a folder were last read with, by the format's name; those that are
        missing are 1. They stand in a row of their own, of a file without a name."""
        rows = self._fetch("SELECT sha256 FROM files WHERE root = ? AND name = ?", (root, _ALL))
        return dict(json.loads(rows[0][0])) if rows else {}

    def record_versions(self, root: str, versions: Mapping[str, int]) -> None:
        """Remember the versions of formats that all files of a folder have been read with."""
        self.record_file(SourceFile(root, _ALL), json.dumps(versions, sort_keys=True))

    def record_file(self, file: SourceFile, sha256: str | None, reason: str | None = None) -> None:
        """Remember a file's digest and, if it was skipped, why; without a digest the file is forgotten."""
        if sha256 is None:
            self._execute("DELETE FROM files WHERE root = ? AND name = ?", file)
        else:
            self._execute(
                "INSERT INTO files (root, name, sha256, reason) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (root, name) DO UPDATE SET sha256 = excluded.sha256, reason = excluded.reason",
                (*file, sha256, reason),
            )

    def documents_by_file(self, root: str) -> dict[str, list[str]]:
        """The ids of the documents that came from a folder's files, by the file's name."""
        found: dict[str, list[str]] = {}
        for name, document_id in self._fetch("SELECT name, id FROM documents WHERE root = ? ORDER BY id", (root,)):
            found.setdefault(name, []).append(document_id)
        return found

    def replaced_since(self, root: str) -> set[str]:
        """The names of a folder's files whose document has been replaced by other means since the file was read. It
        holds for files of one document only."""
        sql = (
            "SELECT d.name FROM documents AS d JOIN files AS f ON f.root = d.root AND f.name = d.name "
            "WHERE d.root = ? AND d.file_sha256 <> f.sha256"
        )
        return {row[0] for row in self._fetch(sql, (root,))}

    def file_of(self, document_id: str) -> SourceFile | None:
        """The file that a document came from; None if it did not come from a folder's file."""
        rows = self._fetch("SELECT root, name FROM documents WHERE id = ? AND root IS NOT NULL", (document_id,))
        return SourceFile(*rows[0]) if rows else None

    def set_file(self, document_id: str, file: SourceFile | None) -> None:
        """Say from which file a document comes from now on."""
        self._execute("UPDATE documents SET root = ?, name = ? WHERE id = ?", (*(file or (None, None)), document_id))
