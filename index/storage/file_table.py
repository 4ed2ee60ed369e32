"""What the database knows of the files that documents came from, so that sync reads only what changed."""

from __future__ import annotations

from citeqa.index.storage.database import Database
from citeqa.index.types import SourceFile


class FileTable(Database):
    """The files of synced folders; `root` is such a folder's path."""

    def files(self, root: str) -> dict[str, tuple[str, str | None]]:
        """The files of a folder as they were last read: by name the digest, and the reason if the file was skipped."""
        rows = self._fetch("SELECT name, sha256, reason FROM files WHERE root = ?", (root,))
        return {name: (sha256, reason) for name, sha256, reason in rows}

    def record_file(self, file: SourceFile, sha256: str | None, reason: str | None = None) -> None:
        """Remember a file's digest and, if it was skipped, why; without a digest the file is forgotten."""
        with self._guarded():
            if sha256 is None:
                self._connection.execute("DELETE FROM files WHERE root = ? AND name = ?", file)
            else:
                self._connection.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", (*file, sha256, reason))

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
        with self._guarded():
            self._connection.execute(
                "UPDATE documents SET root = ?, name = ? WHERE id = ?", (*(file or (None, None)), document_id)
            )
