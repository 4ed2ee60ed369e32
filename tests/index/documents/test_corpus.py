"""From bytes to documents: canonical text, encodings, ids, JSONL rows, and everything that is skipped by name."""

from __future__ import annotations

import codecs
import hashlib
import json
import os
import socket
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.paths import SEEDS

from citeqa.index.documents.corpus import count, document, load, load_for
from citeqa.index.documents.ids import MAX_ID_BYTES
from citeqa.index.documents.listing import behind_links, list_files
from citeqa.index.errors import DocumentError
from citeqa.index.formats.choice import Choice
from citeqa.index.formats.decoding import decode
from citeqa.index.formats.registry import known_endings
from citeqa.index.types import Document, Skipped

# id, title, author, date, boilerplate, SHA-256 of the file
SEED_ARTICLES = [
    (
        "000_af1a68e7bfcc8847",
        "U.S. Secretary of State Marco Rubio Calls for Deeper Security, Energy and Strategic Partnership with the "
        "Caribbean",
        None,
        None,
        [],
        "e652423a51e25343855deb5bacce898f30f565f765c28c7d5dbc4d6da1a46293",
    ),
    (
        "001_6fe46eaa118b1c1d",
        "Sec. Rubio: US, Caribbean Countries Urgently Need To Strengthen Partnerships",
        None,
        date(2025, 5, 7),
        [" date 2025-05-07 403", "(end)"],
        "549a6e5415bd8cc292f2a8949a5d5f908baa10fbc4bf94dbf4307e02944f68a9",
    ),
    (
        "002_73ec0a3e5fd5a0e3",
        "U.S. Secretary of State Marco Rubio on Wednesday called for deeper cooperation on tackling criminal gangs as "
        "he met Caribbean leaders, even as regional concerns grew over the potential fallout from Washington's squeeze "
        "on Cuba.",
        "Simon Lewis",
        date(2026, 2, 26),
        [" date 2026-02-26 By Simon Lewis"],
        "b70d55f2fa5122ecdddf6cf95217a7b20fc14902b0d1c01d40c6c7fc82a079e5",
    ),
    (
        "003_06306681cd2de5d0",
        "The United States sees Jamaica as a key ally in its regional security strategy, according to U.S. Special "
        "Envoy for Latin America Mauricio Claver-Carone.",
        None,
        None,
        ["- Advertisement -"],
        "3b12b760d2072ce6382e82a1b116bdd99b77c1b7cc55aeb634488b59a979ea8e",
    ),
    (
        "004_ce34eba21ef0286a",
        "U.S. Participation in CBSI Technical Working Group Meeting on Maritime Security",
        None,
        date(2024, 3, 21),
        [" date 2024-03-21 Close Menu"],
        "3ad150b0842752ff9d694999cede75e71a04c2fe19834631d81dfbbe267cc391",
    ),
]

ENGLISH = (
    "The Prime Minister’s office said on Tuesday that the talks “went well” – and that a second round would follow in "
    "the spring. Nobody at the ministry wanted to be named. "
) * 3
FRENCH = (
    "Le président a déclaré que l’été serait très chaud et que les élèves resteraient à la maison jusqu’à la rentrée. "
) * 3
RUSSIAN = "Сегодня очень хорошая погода. Мы пойдём гулять в парк и будем читать книги. " * 5
JAPANESE = "今日はとても良い天気です。公園へ散歩に行きましょう。日本語の文章をもっと書きます。" * 5


def _read(*paths: Path) -> tuple[dict[str, Document], dict[str, str]]:
    """The documents by id, and the reasons of what was skipped by file name (and line)."""
    items = list(load(paths))
    documents = {item.id: item for item in items if isinstance(item, Document)}
    skipped = {item.name.rpartition("/")[2]: item.reason for item in items if isinstance(item, Skipped)}
    assert len(documents) + len(skipped) == len(items)
    return documents, skipped


def _write(folder: Path, **files: str | bytes) -> Path:
    """Files by name, `__` for a slash and `_` for a full stop."""
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def _rows(folder: Path, *rows: Any) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8")
    return path


# --- the seed articles


def test_the_seed_articles_are_the_files_that_were_given_byte_for_byte() -> None:
    found = {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in SEEDS.iterdir()}
    assert found == {row[0]: row[-1] for row in SEED_ARTICLES}


def test_the_seed_articles_are_loaded_in_order_with_what_they_say_about_themselves() -> None:
    found = [
        (d.id, d.title, d.author, d.date, [d.quote(span) for span in d.boilerplate], d.file_sha256)
        for d in load([SEEDS])
        if isinstance(d, Document)
    ]
    assert found == SEED_ARTICLES


def test_a_seed_articles_text_is_its_bytes_decoded_and_untouched() -> None:
    for item in load([SEEDS]):
        assert isinstance(item, Document)
        data = (SEEDS / f"{item.id}.txt").read_bytes()
        assert item.text.encode("utf-8") == data
        assert item.encoding == "utf-8"
        assert item.sha256 == item.file_sha256 == hashlib.sha256(data).hexdigest()
        assert (item.source, item.url) == (None, None)


# --- canonical text and encodings


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_canonical_text_is_the_decoded_file_and_nothing_else_is_changed(text: str) -> None:
    assert decode(text.encode("utf-8")) == (text.removeprefix("\ufeff"), "utf-8")
    assume(text.strip())
    assert document("a", text, file_sha256="0").text == text


@pytest.mark.parametrize(
    "text",
    [
        "one\r\ntwo\rthree\nfour",
        "  indented \n\n\n",
        "Cafe\u0301 \u212b \ufb01",
        "\ufeff\ufefftwo marks",
        "a\ufeffb",
        "a\x0cb\x85c",
    ],
)
def test_newlines_blanks_and_normal_forms_stay_as_they_are(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.txt").write_bytes(text.encode())
    assert _read(tmp_path)[0]["a"].text == text.removeprefix("\ufeff")


def test_a_byte_order_mark_is_in_the_files_digest_but_not_in_the_text(tmp_path: Path) -> None:
    data = codecs.BOM_UTF8 + b"Some words."
    (tmp_path / "a.txt").write_bytes(data)
    found = _read(tmp_path)[0]["a"]
    assert found.text == "Some words."
    assert found.sha256 == hashlib.sha256(b"Some words.").hexdigest()
    assert found.file_sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Hi, naïve 😀.", "utf-16"),
        ("\ufeffHi, naïve 😀.", "utf-16-be"),
        (RUSSIAN, "koi8-r"),
        (RUSSIAN, "cp1251"),
        (JAPANESE, "shift-jis"),
        (ENGLISH, "cp1252"),
    ],
)
def test_a_file_in_another_encoding_is_read_right_and_says_which(tmp_path: Path, text: str, written: str) -> None:
    data = text.encode(written)
    (tmp_path / "a.txt").write_bytes(data)
    found = _read(tmp_path)[0]["a"]
    assert found.text == text.removeprefix("\ufeff") == data.decode(found.encoding)
    assert found.encoding != "utf-8"
    assert found.sha256 == hashlib.sha256(found.text.encode()).hexdigest()
    assert found.file_sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("text", [FRENCH, "El niño comió piña en la montaña. " * 4, "It’s here."])
def test_western_european_text_is_read_right(text: str) -> None:
    assert decode(text.encode("cp1252"))[0] == text


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (ENGLISH.encode() + b"\xe2\x80", "it is UTF-8 that is cut off inside a character, at byte "),
        (
            ENGLISH.encode().replace(b"\xe2\x80\x99", b"\xe2\x80", 1),
            "it is UTF-8 with damaged bytes, the first at byte ",
        ),
        (
            RUSSIAN.encode()[:-20] + b"\xff" + RUSSIAN.encode()[-20:],
            "it is UTF-8 with damaged bytes, the first at byte ",
        ),
    ],
)
def test_damaged_utf8_is_refused_by_name_and_not_read_as_something_else(data: bytes, reason: str) -> None:
    with pytest.raises(DocumentError, match=reason):
        decode(data)


# --- what is skipped


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b" \n\t\r\n\xc2\xa0", "empty"),
        (codecs.BOM_UTF8, "empty"),
        (codecs.BOM_UTF16_LE, "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "not text in any known encoding"),
        (bytes(range(256)) * 8, "not text in any known encoding"),
        (b"words\0words", "NUL"),
        (b"\0\1\2" * 100, "NUL"),
    ],
)
def test_a_file_that_is_no_text_is_skipped_with_the_reason_and_the_rest_loaded(
    tmp_path: Path, data: bytes, reason: str
) -> None:
    _write(tmp_path, a_txt="First.", b_txt=data, c_txt="Last.")
    documents, skipped = _read(tmp_path)
    assert list(documents) == ["a", "c"]
    assert list(skipped) == ["b.txt"]
    assert reason in skipped["b.txt"]


def test_unknown_endings_are_skipped_with_the_known_ones_named(tmp_path: Path) -> None:
    _write(tmp_path, a_xyz=b"%PDF-1.4", b_TXT="Read.", c="Read.", d_md="Read.")
    documents, skipped = _read(tmp_path)
    assert list(documents) == ["b", "c", "d"]
    assert skipped == {
        "a.xyz": "files ending in '.xyz' are not read, unless as text with --as-text; known: "
        + ", ".join(known_endings())
    }


def test_what_cannot_be_opened_is_skipped_and_never_waited_for(tmp_path: Path) -> None:
    _write(tmp_path, a_txt="First.", folder_txt__z_txt="Inside.")
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop.txt").symlink_to(tmp_path / "loop.txt")
    os.mkfifo(tmp_path / "pipe.txt")
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "link.txt").symlink_to(tmp_path / "pipe.txt")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket.md"))
        documents, skipped = _read(tmp_path)
    assert list(documents) == ["a", "folder.txt/z"]
    assert skipped["gone.txt"] == "No such file or directory"
    for name in ("pipe.txt", "pipe.jsonl", "link.txt", "socket.md"):
        assert skipped.pop(name) == "it is not a regular file"
    assert set(skipped) == {"gone.txt", "loop.txt"}
    assert _read(tmp_path / "pipe.txt")[1] == {"pipe.txt": "it is not a regular file"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_is_skipped(tmp_path: Path) -> None:
    _write(tmp_path, a_txt="Secret.")
    (tmp_path / "a.txt").chmod(0)
    assert _read(tmp_path)[1] == {"a.txt": "Permission denied"}


def test_a_path_that_does_not_exist_stops_everything_before_anything_is_read(tmp_path: Path) -> None:
    _write(tmp_path, a_txt="First.")
    with pytest.raises(FileNotFoundError, match=r"nowhere: no such file or folder"):
        next(load([tmp_path, tmp_path / "nowhere"]))


# --- ids


def test_an_id_is_the_path_inside_the_folder_without_the_ending(tmp_path: Path) -> None:
    _write(tmp_path, z_txt="Z.", b__a_txt="A.", b__deep__er_md="E.", README="R.", **{"v1.2__notes_txt": "N."})
    assert list(_read(tmp_path)[0]) == ["README", "b/a", "b/deep/er", "v1.2/notes", "z"]
    assert list(_read(tmp_path / "b" / "a.txt")[0]) == ["a"]


def test_hidden_files_and_folders_are_left_out_and_links_to_folders_not_followed(tmp_path: Path) -> None:
    inside = _write(tmp_path / "in", a_txt="A.", **{".hidden.txt": "H.", ".git__b_txt": "B."})
    (inside / "again").symlink_to(inside)
    assert _read(inside) == ({"a": _read(inside)[0]["a"]}, {})


def _linked(tmp_path: Path) -> Path:
    """A folder with links: out of it, into it, around, and to a folder that holds it."""
    inside = _write(tmp_path / "in", a_txt="A.", sub__b_txt="B.")
    outside = _write(tmp_path / "out", c_txt="C.", deep__d_txt="D.")
    (outside / "deep" / "back").symlink_to(outside)
    (outside / "home").symlink_to(inside)
    (inside / "all").symlink_to(tmp_path)
    for number in (1, 2):
        (inside / f"folder{number}").symlink_to(outside)
    (inside / "before").symlink_to(outside / "deep")
    (inside / "file.txt").symlink_to(outside / "c.txt")
    (inside / "own.txt").symlink_to(inside / "a.txt")
    (inside / "sub" / "up").symlink_to(inside)
    return inside


def test_links_that_lead_out_of_a_folder_are_named_and_not_followed(tmp_path: Path) -> None:
    inside = _linked(tmp_path)
    documents, skipped = _read(inside)
    assert list(documents) == ["a", "own", "sub/b"]
    assert set(skipped) == {"all", "before", "file.txt", "folder1", "folder2"}
    assert all("--follow-links" in reason for reason in skipped.values())
    (tmp_path / "way").symlink_to(inside)  # a folder that is given may be reached by a link itself
    assert list(_read(tmp_path / "way")[0]) == list(documents)
    assert _read(inside / "file.txt")[0]["file"].text == "C."  # and so may a file that is given by its name


def test_links_are_followed_if_it_is_said_and_nothing_is_read_twice(tmp_path: Path) -> None:
    inside = _linked(tmp_path)
    files, unreadable = list_files(inside, Choice(follow_links=True))
    assert [file.id for file in files] == ["a", "before/d", "file", "folder1/c", "own", "sub/b"]
    assert not unreadable
    found = [item for item, _ in load_for([inside], None, Choice(follow_links=True))]
    assert [item.id for item in found if isinstance(item, Document)] == [file.id for file in files]
    assert count([inside], Choice(follow_links=True)) == len(files)
    assert behind_links(inside) == ((tmp_path / "out", tmp_path / "out" / "deep"), (tmp_path / "out" / "c.txt",))


def test_files_that_would_share_an_id_keep_their_endings(tmp_path: Path) -> None:
    _write(tmp_path, a_txt="1", a_md="2", **{"a.txt.md": "3", "b.txt": "4", "sub__a.txt": "5"})
    documents, skipped = _read(tmp_path)
    assert {d.id: d.text for d in documents.values()} == {
        "a.md": "2", "a.txt": "1", "a.txt.md": "3", "b": "4", "sub/a": "5",
    }  # fmt: skip
    assert not skipped


def test_ids_are_composed_even_where_file_names_are_not(tmp_path: Path) -> None:
    (tmp_path / "Cafe\u0301.txt").write_text("One.")
    documents, _ = _read(tmp_path)
    assert list(documents) == ["Caf\u00e9"]
    (tmp_path / "Caf\u00e9.txt").write_text("Two.")
    documents, skipped = _read(tmp_path)
    assert list(documents) == ["Caf\u00e9.txt"]
    assert len(skipped) == 1
    assert "already taken" in next(iter(skipped.values()))


def test_an_id_longer_than_512_bytes_is_refused(tmp_path: Path) -> None:
    name = "/".join(["é" * 63] * 4)  # 4 * 126 + 3 bytes
    assert len(name.encode()) == MAX_ID_BYTES - 5
    for extra in ("x" * 4, "x" * 5):
        path = tmp_path / name / f"{extra}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("Words.")
    documents, skipped = _read(tmp_path)
    assert list(documents) == [f"{name}/xxxx"]
    assert skipped == {"xxxxx.txt": "its id has 513 bytes; at most 512 are allowed"}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a\nb.txt", "its id holds control characters"),
        ("a\x7fb.txt", "its id holds control characters"),
        (os.fsdecode(b"a\xffb.txt"), "its name is not valid UTF-8"),
    ],
)
def test_a_name_that_makes_no_clean_id_is_skipped(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / name).write_text("Words.")
    (tmp_path / "c.txt").write_text("Words.")
    items = list(load([tmp_path]))
    assert [item.reason for item in items if isinstance(item, Skipped)] == [reason]
    assert [item.id for item in items if isinstance(item, Document)] == ["c"]
    for item in items:
        if isinstance(item, Skipped):
            item.name.encode()  # can be printed and sent


@pytest.mark.parametrize("document_id", ["", "/a", "a/", "a//b", ".", "a/../b", "..", "./a"])
def test_an_id_with_an_empty_or_dotted_segment_is_refused(document_id: str) -> None:
    with pytest.raises(DocumentError, match=r"has an empty, '\.' or '\.\.' segment"):
        document(document_id, "Words.", file_sha256="0")


def test_a_file_of_another_folder_gets_an_id_with_its_folder(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    one, two = _write(tmp_path / "one", a_txt="One."), _write(tmp_path / "two", a_txt="Two.", b_txt="B.")
    same_name = _write(tmp_path / "more" / "two", a_txt="Three.")
    with caplog.at_level("INFO", logger="citeqa.index.documents.origins"):
        documents, skipped = _read(one, two, same_name)
    assert {d.id: d.text for d in documents.values()} == {
        "a": "One.",
        "two/a": "Two.",
        "b": "B.",
        "more/two/a": "Three.",
    }
    assert not skipped
    assert f"{two / 'a.txt'}: its id is 'two/a', as 'a' belongs to {one / 'a.txt'}" in caplog.messages


def test_single_files_of_one_folder_that_would_share_an_id_keep_their_endings(tmp_path: Path) -> None:
    folder = _write(tmp_path, a_txt="One.", a_md="Two.")
    documents, skipped = _read(folder / "a.txt", folder / "a.md")
    assert {d.id: d.text for d in documents.values()} == {"a": "One.", "a.md": "Two."}
    assert not skipped


def test_a_file_that_is_given_twice_is_taken_once(tmp_path: Path) -> None:
    one = _write(tmp_path / "one", a_txt="One.")
    assert _read(one, one)[1] == {"a.txt": f"its id 'a' was already taken by {one / 'a.txt'}"}
    assert len(_read(one, one / "a.txt")[1]) == 1


def test_what_systems_and_programs_put_beside_files_is_left_out_silently(tmp_path: Path) -> None:
    names = ["Thumbs.db", "thumbs.DB", "desktop.ini", "Desktop.ini", ".DS_Store", "~$report.docx", "ehthumbs.db"]
    _write(tmp_path, a_txt="A.", **dict.fromkeys(names, "x"), **{"__MACOSX__b_txt": "B.", "$RECYCLE.BIN__c_txt": "C."})
    for name in names:
        (tmp_path / name).write_bytes(b"\0\1")
    documents, skipped = _read(tmp_path)
    assert (list(documents), skipped) == (["a"], {})
    assert count([tmp_path]) == 1
    assert "are not read" in _read(tmp_path / "desktop.ini")[1]["desktop.ini"]


# --- JSONL


def test_a_row_gives_everything_it_says(tmp_path: Path) -> None:
    row = {
        "id": "news/Cafe\u0301:1", "title": "T", "text": " Words.\r\n", "date": "2024-03-21T10:00:00Z", "author": "A",
        "source": "S", "url": "https://example.org/", "more": [1],
    }  # fmt: skip
    path = _rows(tmp_path, row)
    found = _read(path)[0]["news/Caf\u00e9:1"]
    assert (found.title, found.text, found.author, found.source, found.url) == (
        "T", " Words.\r\n", "A", "S", "https://example.org/",
    )  # fmt: skip
    assert found.date == date(2024, 3, 21)
    assert found.file_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_id_of_a_row_may_be_called_as_beir_calls_it(tmp_path: Path) -> None:
    documents, skipped = _read(
        _rows(tmp_path, {"_id": "a", "text": "1"}, {"id": "b", "_id": "c", "text": "2"}, {"_id": 7, "text": "3"})
    )
    assert {d.id: d.text for d in documents.values()} == {"a": "1", "b": "2"}
    assert skipped == {"rows.jsonl, line 3": "its '_id' is not a string"}


def test_what_a_row_leaves_open_is_read_off_its_text(tmp_path: Path) -> None:
    text = " date 2026-02-26 By Simon Lewis\nA headline\nProse."
    documents, _ = _read(
        _rows(tmp_path, {"id": "a", "text": text, "title": ""}, {"id": "b", "text": text, "date": "2020-01-01"})
    )
    a, b = documents["a"], documents["b"]
    assert (a.title, a.author, a.date) == ("A headline", "Simon Lewis", date(2026, 2, 26))
    assert b.date == date(2020, 1, 1)


def test_blank_lines_a_byte_order_mark_windows_lines_and_a_missing_last_newline_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "rows.ndjson"
    path.write_bytes(
        codecs.BOM_UTF8 + b'{"id": "a", "text": "One."}\r\n\r\n  \n{"id": "b", "text": "Two.\\u2028\xe2\x80\xa8"}'
    )
    documents, skipped = _read(path)
    assert {d.id: d.text for d in documents.values()} == {"a": "One.", "b": "Two.\u2028\u2028"}
    assert not skipped


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("{broken", "it is not a JSON object in UTF-8: "),
        ('["id", "text"]', "it is not a JSON object"),
        ("null", "it is not a JSON object"),
        ("[" * 100_000, "it is not a JSON object in UTF-8: "),
        ({"text": "Words."}, "it has no 'id'"),
        ({"id": "x"}, "it has no 'text'"),
        ({"id": "x", "text": ""}, "it has no 'text'"),
        ({"id": "x", "text": " \n"}, "it is empty"),
        ({"id": 7, "text": "Words."}, "its 'id' is not a string"),
        ({"id": "x", "text": ["Words."]}, "its 'text' is not a string"),
        ({"id": "x", "text": "Words.", "date": 2024}, "its 'date' is not a string"),
        ({"id": "x", "text": "Words.", "url": False}, "its 'url' is not a string"),
        ({"id": "x", "text": "Words.", "date": "2024-02-30"}, "its 'date' is '2024-02-30'; needed YYYY-MM-DD"),
        ({"id": "x", "text": "Words.", "date": "21/03/2024"}, "its 'date' is '21/03/2024'; needed YYYY-MM-DD"),
        ({"id": "x", "text": "Words.", "date": "March"}, "its 'date' is 'March'; needed YYYY-MM-DD"),
        ({"id": "x", "text": "Words \ud800."}, "its 'text' holds a lone surrogate"),
        ({"id": "x", "text": "Words.", "title": "\udfff"}, "its 'title' holds a lone surrogate"),
        ({"id": "x", "text": "Words\0."}, "it holds NUL characters"),
        ({"id": "../x", "text": "Words."}, "its id '../x' has an empty, '.' or '..' segment"),
        ({"id": "a\nb", "text": "Words."}, "its id holds control characters"),
        ({"id": "x" * 513, "text": "Words."}, "its id has 513 bytes; at most 512 are allowed"),
        ({"id": "first", "text": "Words."}, "its id 'first' was already taken by "),
    ],
)
def test_a_row_that_is_no_document_is_skipped_by_its_line_and_the_rest_loaded(
    tmp_path: Path, row: Any, reason: str
) -> None:
    path = _rows(tmp_path, {"id": "first", "text": "1"}, "", row, {"id": "last", "text": "2"})
    documents, skipped = _read(path)
    assert list(documents) == ["first", "last"]
    assert list(skipped) == ["rows.jsonl, line 3"]
    assert skipped["rows.jsonl, line 3"].startswith(reason)


@pytest.mark.parametrize("value", ["2024-03-211", "2024-03-21garbage", "2024-W12-4"])
def test_a_date_that_is_none_is_not_half_read(tmp_path: Path, value: str) -> None:
    _, skipped = _read(_rows(tmp_path, {"id": "x", "text": "Words.", "date": value}))
    assert len(skipped) == 1


def test_rows_in_another_encoding_and_an_empty_file_are_skipped(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes('{"id": "a", "text": "café"}\n{"id": "b", "text": "ok"}'.encode("latin-1"))
    (tmp_path / "b.jsonl").write_bytes(b"\n \n")
    documents, skipped = _read(tmp_path)
    assert list(documents) == ["b"]
    assert list(skipped) == ["a.jsonl, line 1", "b.jsonl"]
    assert skipped["b.jsonl"] == "it is empty"


def test_what_is_counted_is_what_is_loaded(tmp_path: Path) -> None:
    _write(tmp_path, a_txt="1", b__c_txt="2", d_pdf="3", e_jsonl='{"id": "e", "text": "4"}\n\n{"id": "f"}\n')
    os.mkfifo(tmp_path / "pipe.jsonl")
    paths = [tmp_path, tmp_path / "a.txt"]
    assert count(paths) == len(list(load(paths))) == 7
