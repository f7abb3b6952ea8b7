"""A workbook that texts stay texts in; loaded with the first one that is written, for XlsxWriter takes long."""

from __future__ import annotations

from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet, _preserve_whitespace


class _PlainSheet(Worksheet):
    """XlsxWriter takes a text from ``<r>`` to ``</r>`` for markup of its own."""

    def _xml_rich_inline_string(self, string: str, attributes: Any = ()) -> None:
        self._xml_inline_string(string, _preserve_whitespace(string), attributes)


class PlainBook(Workbook):
    """A workbook of such sheets."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.worksheet_class = _PlainSheet
