"""What the log shows at a terminal."""

from __future__ import annotations

import logging

from citeqa.api.logs import TerminalFormatter


def test_control_characters_are_escaped_at_a_terminal() -> None:
    record = logging.makeLogRecord({"msg": "%s is not UTF-8", "args": ("a\x1b[31m\r\nready\u202e\x9b.txt ü🦊",)})
    shown = TerminalFormatter("%(message)s").format(record)
    assert shown == r"a\x1b[31m\r\nready\u202e\x9b.txt ü🦊 is not UTF-8"
