"""Tools to break a workbook: its parts as text, its cells by sheet and header, and zip files that no library writes."""

from __future__ import annotations

import io
import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from xml.etree import ElementTree

import openpyxl
from openpyxl.cell import Cell
from openpyxl.worksheet.worksheet import Worksheet

PROJECTS, AWARDS, MILESTONES = "Projekte", "Bewilligungen", "Meilensteine"
TITLE, DAY, STATUS, VERSION, ID = "Titel (deutsch)", "Geplanter Beginn", "Status", "Stand", "ID"
MONEY, SHARE = "Betrag (EUR)", "Anteil"
"""Of the sheet Bewilligungen."""
FLAG = "Zählt im Bericht"
"""Of the sheet Meilensteine."""

EVERY = 12
"""Outside of the full count, one of so many cases is tried."""
Build = Callable[[bytes], bytes]
CONTENT_TYPES, WORKBOOK, WORKBOOK_RELS = "[Content_Types].xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
SHARED_STRINGS = "xl/sharedStrings.xml"
MEGABYTE = 1024 * 1024
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


@dataclass(frozen=True)
class Broken:
    """One way to break a file, and what a careful importer answers."""

    name: str
    build: Build
    """From the bytes of a good exported workbook to the broken upload."""
    filename: str = "workbook.xlsx"
    expects: str = "refused"
    """``refused``: the whole file; ``fault``: reported at a cell, row or sheet; ``notice``: read, something is said;
    ``change``: read as a change of what was edited, and nothing else; ``same``: reads as unchanged."""
    why: str = ""
    """One sentence for people."""


@dataclass(frozen=True)
class Member:
    """One member of a zip file, as its headers state it; they may lie."""

    name: str
    content: bytes
    """As it stands in the file."""
    crc: int
    size: int
    method: int = zipfile.ZIP_DEFLATED
    flags: int = 0x800
    local_name: str | None = None
    """What the header before the content says, where it says something else than the directory."""


def member(name: str, data: bytes) -> Member:
    """An honest member."""
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    return Member(name, packer.compress(data) + packer.flush(), zlib.crc32(data), len(data))


def swollen(name: str, before: bytes, megabytes: int, after: bytes = b"") -> Member:
    """A member of so many megabytes of blanks, made without unpacking them anywhere."""
    blanks = b" " * MEGABYTE
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = packer.compress(before) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(blanks) + packer.flush(zlib.Z_FULL_FLUSH)  # refers to nothing before it: may be repeated
    tail = packer.compress(after) + packer.flush()
    crc = zlib.crc32(before)
    for _ in range(megabytes):
        crc = zlib.crc32(blanks, crc)
    size = len(before) + megabytes * MEGABYTE + len(after)
    return Member(name, head + block * megabytes + tail, zlib.crc32(after, crc), size)


def zip_of(members: Iterable[Member]) -> bytes:
    """A zip file of these members, whatever they say of themselves."""
    body, directory, count = bytearray(), bytearray(), 0
    for one in members:
        name, offset = one.name.encode(), len(body)
        local = name if one.local_name is None else one.local_name.encode()
        said = struct.pack(
            "<HHHHHIII", 20, one.flags, one.method, 0, 0x21, one.crc, len(one.content), one.size & 0xFFFFFFFF
        )
        body += b"PK\x03\x04" + said + struct.pack("<HH", len(local), 0) + local + one.content
        directory += b"PK\x01\x02\x14\x00" + said + struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, offset) + name
        count += 1
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(body), 0)
    return bytes(body + directory + end)


class Package:
    """The parts of a workbook, to be changed in place. What is to be changed must be there."""

    def __init__(self, good: bytes) -> None:
        with zipfile.ZipFile(io.BytesIO(good)) as archive:
            self.parts = {info.filename: archive.read(info) for info in archive.infolist()}

    def members(self, *without: str) -> list[Member]:
        return [member(name, data) for name, data in self.parts.items() if name not in without]

    def zipped(self, *more: Member) -> bytes:
        """The workbook; a member of ``more`` stands in for the part of its name."""
        return zip_of([*self.members(*(one.name for one in more)), *more])

    def edit(self, part: str, old: str, new: str) -> None:
        text = self.parts[part].decode()
        if old not in text:
            raise LookupError(f"{part} does not hold {old!r}.")
        self.parts[part] = text.replace(old, new, 1).encode()

    def edit_pattern(self, part: str, pattern: str, new: Callable[[re.Match[str]], str]) -> None:
        text, found = re.subn(pattern, new, self.parts[part].decode(), count=1, flags=re.S)
        if not found:
            raise LookupError(f"{part} does not match {pattern!r}.")
        self.parts[part] = text.encode()

    def add(self, part: str, content: str | bytes, media_type: str, relation: str = "") -> None:
        """A new part with its content type and, with ``relation``, named by the workbook as ``rIdX-relation``."""
        self.parts[part] = content if isinstance(content, bytes) else content.encode()
        override = f'<Override PartName="/{part}" ContentType="{media_type}"/></Types>'
        self.edit(CONTENT_TYPES, "</Types>", override)
        if relation:
            target = part.removeprefix("xl/")
            said = f'<Relationship Id="rIdX-{relation}" Type="{_OFFICE}/{relation}" Target="{target}"/></Relationships>'
            self.edit(WORKBOOK_RELS, "</Relationships>", said)

    def sheet(self, title: str) -> str:
        """The part that holds a sheet."""
        book = ElementTree.fromstring(self.parts[WORKBOOK])
        relations = ElementTree.fromstring(self.parts[WORKBOOK_RELS])
        targets = {found.get("Id"): found.get("Target", "") for found in relations}
        for found in book.iter(f"{_MAIN}sheet"):
            if found.get("name") == title:
                target = targets[found.get(f"{{{_OFFICE}}}id")]
                return target.lstrip("/") if target.startswith("/") else posixpath.join("xl", target)
        raise LookupError(f"There is no sheet {title}.")

    def rows(self, title: str) -> Mapping[int, Mapping[str, str]]:
        """The texts of a sheet by row and column letters; empty cells are left out."""
        shared: list[str] = []
        if SHARED_STRINGS in self.parts:
            items = ElementTree.fromstring(self.parts[SHARED_STRINGS])
            shared = ["".join(text.text or "" for text in item.iter(f"{_MAIN}t")) for item in items]
        found: dict[int, dict[str, str]] = {}
        for cell in ElementTree.fromstring(self.parts[self.sheet(title)]).iter(f"{_MAIN}c"):
            place = cell.get("r", "")
            text = "".join(part.text or "" for part in cell.iter() if part.tag in (f"{_MAIN}v", f"{_MAIN}t"))
            if text:
                letters = place.rstrip("0123456789")
                row = found.setdefault(int(place.removeprefix(letters)), {})
                row[letters] = shared[int(text)] if cell.get("t") == "s" else text
        return found

    def place(self, title: str, header: str) -> str:
        """Address of the first filled cell under a header, or of the first one where none is."""
        rows = self.rows(title)
        letters = next((key for key, text in rows[1].items() if text == header), None)
        if letters is None:
            raise LookupError(f"The sheet {title} has no column {header}.")
        row = next((number for number, cells in rows.items() if number > 1 and letters in cells), 2)
        return f"{letters}{row}"

    def value(self, title: str, header: str) -> str:
        """What :meth:`place` holds."""
        letters, row = re.fullmatch(r"([A-Z]+)(\d+)", self.place(title, header)).groups()  # type: ignore[union-attr]
        return self.rows(title)[int(row)][letters]

    def fill(self, title: str, header: str, inner: str, kind: str = "") -> None:
        """Another content for the first filled cell under a header; its look stays."""
        address = self.place(title, header)
        said = f' t="{kind}"' if kind else ""

        def changed(found: re.Match[str]) -> str:
            look = re.search(r' s="\d+"', found[1])
            return f'<c r="{address}"{look[0] if look else ""}{said}>{inner}</c>'

        self.edit_pattern(self.sheet(title), rf'<c r="{address}"([^>]*?)(?:/>|>.*?</c>)', changed)


def package(change: Callable[[Package], object]) -> Build:
    """A build that changes parts of the workbook."""

    def build(good: bytes) -> bytes:
        book = Package(good)
        change(book)
        return book.zipped()

    return build


def raw_cell(title: str, header: str, inner: str, kind: str = "") -> Build:
    """A build that writes the content of one cell as XML."""
    return package(lambda book: book.fill(title, header, inner, kind))


def raw_text(title: str, header: str, text: str) -> Build:
    """A build that writes a text as it stands, escapes and all, into one cell."""
    return raw_cell(title, header, f'<is><t xml:space="preserve">{text}</t></is>', "inlineStr")


def edited(change: Callable[[openpyxl.Workbook], object]) -> Build:
    """A build that opens the workbook, changes it and saves it, as a person would."""

    def build(good: bytes) -> bytes:
        book = openpyxl.load_workbook(io.BytesIO(good))
        change(book)
        target = io.BytesIO()
        book.save(target)
        return target.getvalue()

    return build


def in_sheet(title: str, change: Callable[[Worksheet], object]) -> Build:
    return edited(lambda book: change(book[title]))


def in_cell(title: str, header: str, change: Callable[[Cell], object]) -> Build:
    """A build that changes the first filled cell under a header."""
    return in_sheet(title, lambda sheet: change(cell_of(sheet, header)))


def typed(title: str, header: str, value: object, look: str = "") -> Build:
    """A build that types a value into the first filled cell under a header."""

    def change(cell: Cell) -> None:
        cell.value = value
        if look:
            cell.number_format = look

    return in_cell(title, header, change)


def texted(title: str, header: str, text: str) -> Build:
    """A build that types something which stays a text, whatever it looks like."""

    def change(cell: Cell) -> None:
        cell.value = text
        cell.data_type, cell.number_format = "s", "@"

    return in_cell(title, header, change)


def column_of(sheet: Worksheet, header: str) -> int:
    for cell in sheet[1]:
        if cell.value == header:
            return int(cell.column)
    raise LookupError(f"The sheet {sheet.title} has no column {header}.")


def cells_of(sheet: Worksheet, header: str) -> list[Cell]:
    """The filled cells under a header."""
    column = column_of(sheet, header)
    return [cell for cell in next(sheet.iter_cols(column, column, 2)) if cell.value is not None]


def cell_of(sheet: Worksheet, header: str) -> Cell:
    """The first filled cell under a header, or the first one where none is."""
    found = cells_of(sheet, header)
    return found[0] if found else sheet.cell(2, column_of(sheet, header))


def lying(one: Member, **said: object) -> Member:
    """The member with something else in its headers."""
    return replace(one, **said)  # type: ignore[arg-type]


def cells_xml(values: Sequence[str]) -> str:
    """Cells of a row, without addresses: each stands right of the one before."""
    return "".join(f'<c t="inlineStr"><is><t>{value}</t></is></c>' for value in values)
