"""Workbooks whose parts are missing, point elsewhere, are hostile or no XML, and what programs hang onto a workbook."""

from __future__ import annotations

from collections.abc import Callable
from xml.sax.saxutils import escape

from tests.exchange.breaking import (
    CONTENT_TYPES,
    DAY,
    PROJECTS,
    SHARED_STRINGS,
    TITLE,
    WORKBOOK,
    WORKBOOK_RELS,
    XML,
    Broken,
    Build,
    Package,
    cells_xml,
    package,
    raw_cell,
    raw_text,
)

_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def _without(part: Callable[[Package], str]) -> Build:
    return package(lambda book: book.parts.pop(part(book)))


def _sheet_target(target: str, mode: str = "") -> Build:
    """The sheet of projects is to be found somewhere else."""

    def change(book: Package) -> None:
        name = book.sheet(PROJECTS).removeprefix("xl/")
        said = f'Target="{target}"' + (f' TargetMode="{mode}"' if mode else "")
        book.edit_pattern(WORKBOOK_RELS, rf'Target="/?(?:xl/)?{name}"', lambda found: said)

    return package(change)


def _in_sheet_text(old: str, new: str) -> Build:
    return package(lambda book: book.edit(book.sheet(PROJECTS), old, new))


def _declared(doctype: str, entity: str, part: Callable[[Package], str] | None = None) -> Build:
    """A document type before the root of a part; the title of a project becomes the entity."""

    def change(book: Package) -> None:
        if part is None:
            book.fill(PROJECTS, TITLE, f"<is><t>{entity}</t></is>", "inlineStr")
        name = book.sheet(PROJECTS) if part is None else part(book)
        book.edit_pattern(name, r"(<\?xml.*?\?>)?", lambda found: found[0] + doctype)

    return package(change)


def _share(items: str, doctype: str = "", index: int | None = None) -> Build:
    """The title of a project is the first of these shared texts, or the one of a number."""

    def change(book: Package) -> None:
        _give_shared(book, items, index)
        book.edit_pattern(SHARED_STRINGS, r"\?>", lambda found: found[0] + doctype)

    return package(change)


def _give_shared(book: Package, items: str, index: int | None = None) -> None:
    if SHARED_STRINGS not in book.parts:
        empty = f'{XML}<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"></sst>'
        book.add(SHARED_STRINGS, empty, f"{_SHEET_TYPE}.sharedStrings+xml", "sharedStrings")
    first = book.parts[SHARED_STRINGS].count(b"<si>")
    book.fill(PROJECTS, TITLE, f"<v>{first if index is None else index}</v>", "s")
    book.edit(SHARED_STRINGS, "</sst>", f"{items}</sst>")


def _many_shared(book: Package) -> None:
    """The title as it is, and 300 000 texts after it."""
    _give_shared(book, f"<si><t>{escape(book.value(PROJECTS, TITLE))}</t></si>" + "<si><t>x</t></si>" * 300_000)


def _laughs(root: str) -> str:
    levels = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    return f'<!DOCTYPE {root} [<!ENTITY l0 "ha">{levels}]>'


def _outside(root: str) -> str:
    return f'<!DOCTYPE {root} [<!ENTITY out SYSTEM "file:///etc/passwd">]>'


def _bytes_of_sheet(change: Callable[[bytes], bytes]) -> Build:
    def build(good: bytes) -> bytes:
        book = Package(good)
        name = book.sheet(PROJECTS)
        book.parts[name] = change(book.parts[name])
        return book.zipped()

    return build


def _in_utf16(xml: bytes) -> bytes:
    return xml.decode().replace("UTF-8", "UTF-16", 1).encode("utf-16")


def _latin1(good: bytes) -> bytes:
    """An umlaut of one byte in the title."""
    book = Package(good)
    book.fill(PROJECTS, TITLE, "<is><t>Br#cke</t></is>", "inlineStr")
    name = book.sheet(PROJECTS)
    book.parts[name] = book.parts[name].replace(b"Br#cke", b"Br\xfccke")
    return book.zipped()


def _after_rows(more: str) -> Build:
    return _in_sheet_text("</sheetData>", f"{more}</sheetData>")


def _macros(book: Package) -> None:
    plain = f"{_SHEET_TYPE}.sheet.main+xml"
    book.edit(CONTENT_TYPES, plain, "application/vnd.ms-excel.sheet.macroEnabled.main+xml")
    book.add(
        "xl/vbaProject.bin", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1024), "application/vnd.ms-office.vbaProject"
    )


def _link(book: Package) -> None:
    link = (
        f'{XML}<externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        '<externalBook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" r:id="rId1">'
        '<sheetNames><sheetName val="Geheim"/></sheetNames></externalBook></externalLink>'
    )
    book.add("xl/externalLinks/externalLink1.xml", link, f"{_SHEET_TYPE}.externalLink+xml", "externalLink")
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLinkPath"
    book.parts["xl/externalLinks/_rels/externalLink1.xml.rels"] = (
        f'{XML}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{relation}" Target="file:///C:/geheim.xlsx" TargetMode="External"/>'
        "</Relationships>"
    ).encode()
    book.edit(WORKBOOK, "</sheets>", '</sheets><externalReferences><externalReference r:id="rIdX-externalLink"/>'
              "</externalReferences>")  # fmt: skip


def _macro_sheet(book: Package) -> None:
    sheet = '<xm:macrosheet xmlns:xm="http://schemas.microsoft.com/office/excel/2006/main"><sheetData/></xm:macrosheet>'
    book.add("xl/macrosheets/sheet1.xml", sheet, "application/vnd.ms-excel.macrosheet+xml", "xlMacrosheet")
    book.edit(
        WORKBOOK,
        "</sheets>",
        '<sheet name="Macro1" sheetId="99" state="veryHidden" r:id="rIdX-xlMacrosheet"/></sheets>',
    )


def _projects(book: Package) -> str:
    return book.sheet(PROJECTS)


_FOREIGN = "file:///etc/passwd"
_MISSING = (
    Broken("without-content-types", _without(lambda book: CONTENT_TYPES), why="Excel would not open it."),
    Broken("without-workbook", _without(lambda book: WORKBOOK), why="Nothing says which sheets there are."),
    Broken("without-sheet", _without(_projects), why="A sheet is named but not there."),
    Broken("without-relations", _without(lambda book: WORKBOOK_RELS), why="Nothing says where the sheets are."),
    Broken(
        "without-sheets",
        package(lambda book: book.edit_pattern(WORKBOOK, "<sheets>.*</sheets>", lambda found: "<sheets/>")),
        why="A workbook of no sheets.",
    ),
    Broken(
        "sheet-relation-unknown",
        package(lambda book: book.edit(WORKBOOK, 'r:id="rId2"', 'r:id="rId999"')),
        why="A sheet whose place is not told.",
    ),
    Broken("sheet-without-data", _bytes_of_sheet(lambda xml: b""), why="The part of a sheet is empty."),
    Broken("relation-climbs-up", _sheet_target("../../../etc/passwd"), why="A sheet is to be read from the server."),
    Broken("relation-absolute", _sheet_target("/etc/passwd"), why="A sheet is to be read from the server."),
    Broken("relation-file", _sheet_target(_FOREIGN, "External"), why="A sheet is to be read from the server."),
    Broken(
        "relation-http",
        _sheet_target("http://127.0.0.1:9/sheet.xml", "External"),
        why="A sheet is to be fetched from the network.",
    ),
    Broken("relation-http-unmarked", _sheet_target("http://127.0.0.1:9/sheet.xml"), why="The same, said to be inside."),
    Broken(
        "relation-to-the-workbook",
        _sheet_target("workbook.xml"),
        why="A sheet that is no sheet: its rows must not count as deleted.",
    ),
)
_ENTITIES = (
    Broken("laughs-in-sheet", _declared(_laughs("worksheet"), "&l9;"), why="A billion times “ha” from one line."),
    Broken(
        "laughs-in-shared-strings",
        _share("<si><t>&l9;</t></si>", _laughs("sst")),
        why="A billion times “ha” from one line.",
    ),
    Broken(
        "laughs-in-workbook",
        _declared(_laughs("workbook"), "", lambda book: WORKBOOK),
        why="Declared in the part that is read first.",
    ),
    Broken(
        "entity-outside-in-sheet",
        _declared(_outside("worksheet"), "&out;"),
        why="A title is to be read from the server's disk.",
    ),
    Broken(
        "entity-outside-in-shared-strings",
        _share("<si><t>&out;</t></si>", _outside("sst")),
        why="A title is to be read from the server's disk.",
    ),
    Broken(
        "doctype-from-network",
        _declared('<!DOCTYPE worksheet SYSTEM "http://127.0.0.1:9/x.dtd">', "Titel"),
        why="A document type is to be fetched.",
    ),
    Broken(
        "doctype-in-relations",
        _declared(_laughs("Relationships"), "", lambda book: WORKBOOK_RELS),
        why="Declared in the part that names the sheets.",
    ),
    Broken(
        "entity-unknown",
        raw_cell(PROJECTS, TITLE, "<is><t>&nbsp;Titel</t></is>", "inlineStr"),
        why="An entity of web pages, not of XML.",
    ),
)
_NO_XML = (
    Broken("xml-cut", _bytes_of_sheet(lambda xml: xml[: len(xml) // 2]), why="Half a sheet in a whole zip file."),
    Broken("xml-tag-open", _in_sheet_text("</row>", "<row>"), why="A tag that is never closed."),
    Broken(
        "xml-workbook-cut",
        package(lambda book: book.edit(WORKBOOK, "</workbook>", "")),
        why="The list of sheets has no end.",
    ),
    Broken(
        "xml-styles-broken",
        package(lambda book: book.edit("xl/styles.xml", "</styleSheet>", "<")),
        why="Without looks nobody tells a day from a number.",
    ),
    Broken("xml-said-utf16", _in_sheet_text("UTF-8", "UTF-16"), why="The declaration does not fit the bytes."),
    Broken(
        "xml-in-utf16",
        _bytes_of_sheet(_in_utf16),
        why="Allowed, but written by nobody: must not be read as an empty sheet.",
    ),
    Broken(
        "xml-said-latin1",
        _in_sheet_text("UTF-8", "ISO-8859-1"),
        expects="same",
        why="The bytes are UTF-8 all the same; umlauts must not become other letters.",
    ),
    Broken("xml-said-unknown", _in_sheet_text("UTF-8", "x-klingon"), why="An encoding that nobody knows."),
    Broken(
        "xml-bytes-not-utf8",
        _latin1,
        why="Latin-1 under the name of UTF-8.",
    ),
    Broken("xml-nul", raw_text(PROJECTS, TITLE, "a\x00b"), why="A NUL is no character of XML."),
    Broken("xml-nul-written", raw_text(PROJECTS, TITLE, "a&#0;b"), why="Nor when written as a number."),
    Broken("xml-control", raw_text(PROJECTS, TITLE, "a\x0bb"), why="A control character is no character of XML."),
    Broken(
        "xml-surrogate-written", raw_text(PROJECTS, TITLE, "a&#xD800;b"), why="Half a character is no character of XML."
    ),
    Broken(
        "xml-number-of-letters",
        raw_cell(PROJECTS, DAY, "<v>zwölf</v>"),
        expects="fault",
        why="A number cell that holds no number.",
    ),
    Broken(
        "xml-shared-beyond-end",
        _share("<si><t>x</t></si>", index=999_999),
        why="The shared text number 999 999 is not there.",
    ),
    Broken(
        "xml-shared-negative",
        _share("<si><t>x</t></si>", index=-1),
        expects="change",
        why="There is no text before the first; whatever is read instead is seen in the preview.",
    ),
    Broken(
        "xml-deeply-nested",
        _in_sheet_text(
            "</worksheet>", "<extLst><ext>" + "<a>" * 50_000 + "</a>" * 50_000 + "</ext></extLst></worksheet>"
        ),
        expects="same",
        why="Fifty thousand elements in each other where programs keep their own: not looked at.",
    ),
)
_LARGE = (
    Broken(
        "cell-far-away",
        _after_rows('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
        why="One cell at the far end makes 17 thousand million.",
    ),
    Broken(
        "cell-beyond-the-end",
        _after_rows('<row r="1048577"><c r="A1048577"><v>1</v></c></row>'),
        why="A row that no sheet has.",
    ),
    Broken(
        "cell-beyond-all-numbers",
        _after_rows('<row r="99999999999999999999"><c r="ZZZZZZZ99999999999999999999"><v>1</v></c></row>'),
        why="An address that no number holds.",
    ),
    Broken(
        "dimension-said-large",
        package(
            lambda book: book.edit_pattern(
                _projects(book), '<dimension ref="[^"]*"', lambda found: '<dimension ref="A1:XFD1048576"'
            )
        ),
        expects="same",
        why="Said to be huge, but is not; only the cells count.",
    ),
    Broken(
        "rows-a-million-empty",
        _after_rows("<row/>" * 1_000_000),
        expects="same",
        why="Empty rows that a format left behind cost nothing.",
    ),
    Broken(
        "cells-a-million-empty",
        _after_rows(("<row>" + "<c/>" * 100 + "</row>") * 10_000),
        expects="same",
        why="Empty cells that a format left behind cost nothing.",
    ),
    Broken(
        "rows-thirty-thousand",
        _after_rows(f"<row>{cells_xml(['x'])}</row>" * 30_000),
        why="More rows than are taken at once.",
    ),
    Broken(
        "columns-twenty-thousand",
        _after_rows(f"<row>{cells_xml(['x'] * 20_000)}</row>"),
        why="More columns than a sheet has.",
    ),
    Broken(
        "text-40000-inline",
        raw_cell(PROJECTS, TITLE, f"<is><t>{'lang ' * 8000}</t></is>", "inlineStr"),
        expects="fault",
        why="More than a cell of Excel, or a title, holds.",
    ),
    Broken(
        "text-40000-shared",
        _share(f"<si><t>{'lang ' * 8000}</t></si>"),
        expects="fault",
        why="The same among the shared texts.",
    ),
    Broken("texts-shared-300000", package(_many_shared), expects="same", why="Shared texts that no cell uses."),
)
_HUNG_ON = (
    Broken("macros", package(_macros), "workbook.xlsm", why="Macros are programs; they are not taken."),
    Broken("macros-renamed", package(_macros), why="A workbook with macros under the plain ending."),
    Broken(
        "macros-undeclared",
        package(
            lambda book: book.add("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0", "application/vnd.ms-office.vbaProject")
        ),
        why="Macros in a workbook that says it has none.",
    ),
    Broken("macro-sheet", package(_macro_sheet), why="The macros of Excel 4 stand in a hidden sheet."),
    Broken("external-links", package(_link), expects="notice", why="What linked files hold is not read."),
)
PARTS = (*_MISSING, *_ENTITIES, *_NO_XML, *_LARGE, *_HUNG_ON)
