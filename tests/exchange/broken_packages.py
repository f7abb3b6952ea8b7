"""Files that are no workbook, half of one, and zip files that lie or swell."""

from __future__ import annotations

import gzip
import json
import struct
import zlib
from collections.abc import Callable, Iterable

from tests.exchange.breaking import (
    CONTENT_TYPES,
    PROJECTS,
    WORKBOOK,
    XML,
    Broken,
    Build,
    Member,
    Package,
    lying,
    member,
    swollen,
    zip_of,
)

_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_END, _FREE = 0xFFFFFFFE, 0xFFFFFFFF


def _always(data: bytes) -> Build:
    return lambda good: data


def _compound(*streams: str) -> bytes:
    """An OLE compound file of empty streams: its header, one sector of allocation, one of directory."""
    header = _OLE_MAGIC + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, _END, 0, _END, 0)
    header += struct.pack("<109I", 0, *[_FREE] * 108)
    allocation = struct.pack("<128I", 0xFFFFFFFD, _END, *[_FREE] * 126)
    directory = b""
    for number, name in enumerate(("Root Entry", *streams)):
        text = name.encode("utf-16-le")
        right = number + 1 if 0 < number < len(streams) else _FREE
        child = 1 if number == 0 else _FREE
        directory += text.ljust(64, b"\0") + struct.pack("<HBB", len(text) + 2, 2 if number else 5, 1)
        directory += struct.pack("<III", _FREE, right, child) + bytes(36) + struct.pack("<IQ", _END, 0)
    return (header + allocation + directory.ljust(512, b"\0")).ljust(8192, b"\0")


_ODS = zip_of(
    [
        lying(member("mimetype", b""), content=(kind := b"application/vnd.oasis.opendocument.spreadsheet"), method=0,
              crc=zlib.crc32(kind), size=len(kind)),
        member("content.xml", b"<office:document-content xmlns:office='urn:office'/>"),
        member("META-INF/manifest.xml", b"<manifest/>"),
    ]
)  # fmt: skip
_DOCX = zip_of(
    [
        member(CONTENT_TYPES, f'{XML}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'.encode()),
        member("word/document.xml", b"<w:document xmlns:w='w'><w:body/></w:document>"),
    ]
)  # fmt: skip


def _binary_workbook(good: bytes) -> bytes:
    book = Package(good)
    book.edit(CONTENT_TYPES, "/xl/workbook.xml", "/xl/workbook.bin")
    del book.parts[WORKBOOK]
    return book.zipped(member("xl/workbook.bin", b"\x83\x01\x00"))


def _cut(share: float) -> Build:
    return lambda good: good[: int(len(good) * share)]


def _flipped(find: Callable[[bytes], int]) -> Build:
    """All bits of one byte the other way round."""

    def build(good: bytes) -> bytes:
        place = find(good)
        return good[:place] + bytes([good[place] ^ 0xFF]) + good[place + 1 :]

    return build


def _directory(good: bytes) -> int:
    return int(struct.unpack_from("<I", good, good.rindex(b"PK\x05\x06") + 16)[0])


def _content_of(good: bytes) -> int:
    """The middle of the packed content of the sheet of projects."""
    return good.index(Package(good).sheet(PROJECTS).encode()) + 200


def _with(make: Callable[[Package], Member]) -> Build:
    """A build whose sheet of projects, or whatever the member is called, is the member."""

    def build(good: bytes) -> bytes:
        book = Package(good)
        return book.zipped(make(book))

    return build


def _twice(part: Callable[[Package], str]) -> Build:
    def build(good: bytes) -> bytes:
        book = Package(good)
        name = part(book)
        other = book.parts[name].replace(b"Projekt", b"Betrieb")
        return zip_of([*book.members(), member(name, other)])

    return build


def _beside(make: Callable[[], Iterable[Member]]) -> Build:
    """A build that puts members beside the parts."""
    return lambda good: zip_of([*Package(good).members(), *make()])


def _sheet_bomb(megabytes: int) -> Callable[[Package], Member]:
    """The sheet of projects with blanks before its end."""

    def make(book: Package) -> Member:
        name = book.sheet(PROJECTS)
        before, tag, after = book.parts[name].rpartition(b"</sheetData>")
        return swollen(name, before, megabytes, tag + after)

    return make


def _small_lie(book: Package) -> Member:
    bomb = _sheet_bomb(200)(book)
    return lying(bomb, size=len(book.parts[bomb.name]))


def _large_lie(book: Package) -> Member:
    name = book.sheet(PROJECTS)
    return lying(member(name, book.parts[name]), size=0xFFFFFFF0)


def _overlapping(good: bytes) -> bytes:
    """A workbook with a hundred entries in its directory that share one content of 10 MB."""
    data = zip_of([*Package(good).members(), swollen("xl/media/00.bin", b"", 10)])
    start, last = _directory(data), data.rindex(b"PK\x01\x02")
    entry, end = data[last:-22], data[-22:]
    entries = data[start:last] + b"".join(entry.replace(b"00.bin", b"%02d.bin" % number) for number in range(100))
    count = entries.count(b"PK\x01\x02")
    return data[:start] + entries + end[:8] + struct.pack("<HHI", count, count, len(entries)) + end[16:]


def _other_inside(book: Package) -> Member:
    name = book.sheet(PROJECTS)
    return lying(member(name, book.parts[name]), local_name="xl/worksheets/other.xml")


def _encrypted(book: Package) -> Member:
    name = book.sheet(PROJECTS)
    return lying(member(name, book.parts[name]), flags=0x801)


def _packed_as(method: int) -> Callable[[Package], Member]:
    return lambda book: lying(member(book.sheet(PROJECTS), book.parts[book.sheet(PROJECTS)]), method=method)


def _nested() -> Member:
    """Five zip files in each other around 100 MB."""
    data = zip_of([swollen("0.bin", b"", 100)])
    for level in range(1, 6):
        data = zip_of([member(f"{level}.zip", data)])
    return member("xl/embeddings/oleObject1.zip", data)


_PAGE = (
    "<!DOCTYPE html><html><head><title>Anmeldung</title></head><body><table><tr><td>1</td></tr></table></body></html>"
)
_XML_2003 = (
    '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>'
    '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet/></Workbook>'
)
_EMPTY_ZIP = b"PK\x05\x06" + bytes(18)
_KINDS = (
    Broken("empty-file", _always(b""), why="Nothing was uploaded."),
    Broken("zero-bytes", _always(bytes(4096)), why="A disk that was full leaves such files."),
    Broken(
        "a-pdf", _always(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n%%EOF\n"), why="A PDF with another name."
    ),
    Broken("a-png", _always(b"\x89PNG\r\n\x1a\n" + bytes(64)), why="A picture with another name."),
    Broken("a-web-page", _always(_PAGE.encode()), why="The page of a proxy that wants a login, saved as the workbook."),
    Broken(
        "a-json",
        _always(json.dumps({"a": 1, "b": [2, 3]}).encode()),
        why="An answer of the interface, saved as the workbook.",
    ),
    Broken(
        "an-rtf",
        _always(b"{\\rtf1\\ansi{\\fonttbl\\f0 Arial;}\\f0 Projekte\\par}"),
        why="A text document with another name.",
    ),
    Broken("xml-of-2003", _always(_XML_2003.encode()), why="The XML spreadsheet of Excel 2003 is another format."),
    Broken("old-xls", _always(_compound("Workbook")), "workbook.xls", why="The format before 2007."),
    Broken("old-xls-renamed", _always(_compound("Workbook")), why="The format before 2007 under the new ending."),
    Broken(
        "password-protected",
        _always(_compound("EncryptionInfo", "EncryptedPackage")),
        why="Only who has the password can read it.",
    ),
    Broken("an-ods", _always(_ODS), "workbook.ods", why="A LibreOffice table: a zip file, but another format."),
    Broken("an-ods-renamed", _always(_ODS), why="A LibreOffice table under another ending."),
    Broken("an-xlsb", _binary_workbook, "workbook.xlsb", why="The binary workbook holds no XML."),
    Broken("a-docx-renamed", _always(_DOCX), why="A Word document is a zip file of the same family."),
    Broken("gzip-around", gzip.compress, why="Packed once more on the way."),
    Broken("empty-zip", _always(_EMPTY_ZIP), why="A zip file without members."),
)
_HALVES = (
    Broken("cut-after-magic", lambda good: good[:4], why="Only four bytes arrived."),
    Broken("cut-at-a-quarter", _cut(0.25), why="The upload broke off."),
    Broken("cut-at-half", _cut(0.5), why="The upload broke off."),
    Broken("cut-at-nine-tenths", _cut(0.9), why="The upload broke off."),
    Broken(
        "cut-before-directory", lambda good: good[: _directory(good)], why="All contents are there, their list is not."
    ),
    Broken("cut-before-end", lambda good: good[:-22], why="The list of contents is there, its end is not."),
    Broken("cut-one-byte", lambda good: good[:-1], why="The last byte is missing."),
    Broken("start-missing", lambda good: good[100:], why="The first bytes are missing, the list of contents is whole."),
    Broken("wrong-magic", _flipped(lambda good: 0), why="The first byte is another one."),
    Broken("directory-flipped-magic", _flipped(_directory), why="The list of contents does not begin as one."),
    Broken(
        "directory-flipped-checksum",
        _flipped(lambda good: _directory(good) + 16),
        why="A checksum in the list is wrong.",
    ),
    Broken(
        "directory-flipped-offset", _flipped(lambda good: _directory(good) + 44), why="A place in the list is wrong."
    ),
    Broken("end-flipped-offset", _flipped(lambda good: len(good) - 5), why="The place of the list is wrong."),
    Broken("content-flipped", _flipped(_content_of), why="A byte of a sheet is another one: the checksum tells."),
)
_LIES = (
    Broken(
        "member-twice-workbook", _twice(lambda book: WORKBOOK), why="Two readers may each take another one of the two."
    ),
    Broken(
        "member-twice-sheet",
        _twice(lambda book: book.sheet(PROJECTS)),
        why="Two readers may each take another one of the two.",
    ),
    Broken(
        "member-absolute-path",
        _beside(lambda: [member("/etc/cron.d/portfolio", b"* * * * *")]),
        why="Who unpacks it writes outside; no spreadsheet program makes one.",
    ),
    Broken(
        "member-climbs-up",
        _beside(lambda: [member("../../../tmp/portfolio", b"x")]),
        why="Who unpacks it writes outside.",
    ),
    Broken(
        "member-climbs-up-backslash",
        _beside(lambda: [member("xl\\..\\..\\portfolio.exe", b"MZ")]),
        why="The same for Windows.",
    ),
    Broken(
        "members-many",
        _beside(lambda: [member(f"xl/media/{n}.bin", b"x") for n in range(2000)]),
        why="Two thousand members are no workbook.",
    ),
    Broken(
        "names-differ", _with(_other_inside), why="The directory and the header before a content name it differently."
    ),
    Broken("member-encrypted", _with(_encrypted), why="A zip password, which no spreadsheet program sets."),
    Broken("method-unknown", _with(_packed_as(99)), why="Packed in a way that nobody knows."),
    Broken("method-stored-lie", _with(_packed_as(0)), why="Said not to be packed, but packed."),
    Broken("size-said-small", _with(_small_lie), why="200 MB that say they are a few kilobytes."),
    Broken("size-said-large", _with(_large_lie), expects="same", why="A few kilobytes that say they are 4 GB."),
)
_BOMBS = (
    Broken("zip-bomb-one-member", _with(_sheet_bomb(200)), why="One sheet of 200 MB of blanks, packed to 200 kB."),
    Broken(
        "zip-bomb-other-member",
        _beside(lambda: [swollen("xl/media/image1.bin", b"", 200)]),
        why="200 MB in a member that need not be read.",
    ),
    Broken(
        "zip-bomb-many-members",
        _beside(lambda: [swollen(f"xl/media/{n}.bin", b"", 4) for n in range(60)]),
        why="Each is small enough, together they are 240 MB.",
    ),
    Broken("zip-bomb-overlapping", _overlapping, why="A hundred entries that are one content: 1 GB from 10 kB."),
    Broken("zip-bomb-nested", _beside(lambda: [_nested()]), expects="same", why="What is embedded is never opened."),
)
PACKAGES = (*_KINDS, *_HALVES, *_LIES, *_BOMBS)
