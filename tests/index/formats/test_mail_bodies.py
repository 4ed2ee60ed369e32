"""Which texts of a mail are its body: alternatives, several text parts, messages inside it."""

from __future__ import annotations

from email.message import EmailMessage, MIMEPart
from email.policy import default

import pytest

from citeqa.index.errors import DocumentError
from citeqa.index.formats import mail

HTML_ONLY = "The spring regatta takes place on 9 May, and the fee is 150 kroner."


def _message(kind: str, *parts: MIMEPart | str, subject: str = "News") -> EmailMessage:
    made = EmailMessage(policy=default)
    made["From"], made["Subject"] = "Rune Dahl <rune@example.org>", subject
    made["Content-Type"] = f'multipart/{kind}; boundary="b{subject}"'
    for part in parts:
        _attach(made, _part(part) if isinstance(part, str) else part)
    return made


def _attach(whole: MIMEPart, part: MIMEPart) -> None:
    whole.attach(part)


def _part(text: str, kind: str = "plain", name: str | None = None) -> MIMEPart:
    part = MIMEPart(policy=default)
    part.set_content(text, subtype=kind)
    if name:
        part.add_header("Content-Disposition", "attachment", filename=name)
    return part


def _container(kind: str, *parts: MIMEPart) -> MIMEPart:
    made = MIMEPart(policy=default)
    made["Content-Type"] = f'multipart/{kind}; boundary="in"'
    for part in parts:
        _attach(made, part)
    return made


def _picture() -> MIMEPart:
    part = MIMEPart(policy=default)
    part.set_content(b"x", "image", "png", disposition="inline", filename="photo.png")
    return part


def _html(text: str) -> MIMEPart:
    return _part(f"<html><body><p>{text}</p></body></html>", "html")


def test_text_parts_around_a_picture_are_the_body_in_order() -> None:
    found = mail.extract(_message("mixed", "Lock one opens at six.\n", _picture(), "Lock two at seven.\n").as_bytes())
    assert found.text == "Lock one opens at six.\n\nLock two at seven."
    assert found.notes == ("its attachment 'photo.png' is not read",)
    split = _container("mixed", _html("Lock one opens at six."), _picture(), _html("Lock two at seven."))
    made = _message("alternative", _part("Lock one opens at six. Lock two at seven."), split)
    assert mail.extract(made.as_bytes()).text == "Lock one opens at six. Lock two at seven.\n"
    assert (
        mail.extract(_message("alternative", split).as_bytes()).text == "Lock one opens at six.\n\nLock two at seven."
    )


def test_an_attached_text_is_no_body() -> None:
    attached = _part("Secret list.", name="list.txt")
    found = mail.extract(_message("mixed", "See the list.\n", attached).as_bytes())
    assert found.text == "See the list.\n"
    assert found.notes == ("its attachment 'list.txt' is not read",)


def test_messages_inside_follow_behind_their_header_lines() -> None:
    inner = _message("mixed", "Boats must be out by 15 October.\n", subject="Storage")
    deeper = MIMEPart(policy=default)
    deeper.set_content(_message("mixed", "Older words.\n", subject="Old"))
    _attach(inner, deeper)
    outer = MIMEPart(policy=default)
    outer.set_content(inner, disposition="attachment", filename="storage.eml")
    found = mail.extract(_message("mixed", "See below.\n", outer).as_bytes())
    head = "From: Rune Dahl <rune@example.org>\nSubject: "
    assert found.text == (
        f"See below.\n\n{head}Storage\n\nBoats must be out by 15 October.\n\n{head}Old\n\nOlder words."
    )
    assert (found.title, found.notes) == ("News", ())


@pytest.mark.parametrize(
    ("plain", "shown"),
    [
        ("Your mail program cannot show HTML. Open this message in a browser.", HTML_ONLY),
        (" \n\n", HTML_ONLY),
        ("The spring regatta takes place on 9 May,\nand the fee is 150 kroner.\n", None),
        ("The spring regatta takes place on 9 May; the fee is 150 kroner. Unsubscribe here.\n", None),
    ],
)
def test_the_plain_text_is_taken_where_it_is_the_same_text(plain: str, shown: str | None) -> None:
    for parts in (
        (_part(plain), _html(HTML_ONLY)),
        (_part(plain), _container("related", _html(HTML_ONLY), _picture())),
    ):
        assert mail.extract(_message("alternative", *parts).as_bytes()).text.strip() == (shown or plain).strip()


def test_a_long_plain_text_is_taken_where_the_html_is_a_stub() -> None:
    plain = "The lock opens at six and closes at nine; in winter it stays shut all day.\n"
    assert mail.extract(_message("alternative", _part(plain), _html("View online")).as_bytes()).text == plain


def test_what_is_encrypted_by_smime_is_named_so() -> None:
    with pytest.raises(DocumentError, match=r"^it is encrypted$"):
        mail.extract(
            b'Subject: S\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"\n\nx'
        )


def test_a_body_without_words_names_what_else_there_is() -> None:
    with pytest.raises(DocumentError, match=r"^its body holds no text; its attachment 'photo.png' is not read$"):
        mail.extract(_message("mixed", _picture()).as_bytes())
