"""LibreOffice at the hands of a person: opens a workbook, changes cells, recalculates, saves it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

SOFFICE = shutil.which("soffice")
HOW = "runs in the CI; here: apt-get install libreoffice-calc, then SCALE=full make test ARGS=tests/exchange"
needs_libreoffice = pytest.mark.skipif(SOFFICE is None or os.environ.get("SCALE") != "full", reason=HOW)

_MACRO = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE script:module PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "module.dtd">
<script:module xmlns:script="http://openoffice.org/2000/script" script:name="Module1" script:language="StarBasic">
Sub Edit
    Dim none(0) As New com.sun.star.beans.PropertyValue
    none(0).Name = "Hidden"
    none(0).Value = True
    book = StarDesktop.loadComponentFromURL(ConvertToURL(Environ("OFFICE_IN")), "_blank", 0, none())
    number = FreeFile
    Open Environ("OFFICE_EDITS") For Input As #number
    Do While Not EOF(number)
        Line Input #number, sheet
        Line Input #number, cell
        Line Input #number, kind
        Line Input #number, text
        target = book.Sheets.getByName(sheet).getCellRangeByName(cell)
        If kind = "number" Then
            target.setValue(CDbl(text))
        ElseIf kind = "formula" Then
            target.setFormula(text)
        Else
            target.setString(text)
        End If
    Loop
    Close #number
    book.calculateAll()
    Dim how(0) As New com.sun.star.beans.PropertyValue
    how(0).Name = "FilterName"
    how(0).Value = "Calc MS Excel 2007 XML"
    book.storeToURL(ConvertToURL(Environ("OFFICE_OUT")), how())
    book.close(True)
End Sub
</script:module>
"""
_LIBRARY = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE library:library PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "library.dtd">
<library:library xmlns:library="http://openoffice.org/2000/library" library:name="Standard" library:readonly="false" \
library:passwordprotected="false">
<library:element library:name="Module1"/>
</library:library>
"""
_LIBRARIES = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE library:libraries PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "libraries.dtd">
<library:libraries xmlns:library="http://openoffice.org/2000/library" xmlns:xlink="http://www.w3.org/1999/xlink">
<library:library library:name="Standard" xlink:href="$(USER)/basic/Standard/script.xlb/" xlink:type="simple" \
library:link="false"/>
</library:libraries>
"""

Edit = tuple[str, str, str, str]
"""Sheet, cell, kind (``text``, ``number`` or ``formula``) and what is typed."""


class LibreOffice:
    """One profile, in which the macro is installed; it takes one workbook at a time."""

    def __init__(self, folder: Path) -> None:
        self._profile = folder / "profile"
        self._run("--terminate_after_init", folder=folder)  # makes the profile, which the macro is then put into
        standard = self._profile / "user" / "basic" / "Standard"
        standard.mkdir(parents=True, exist_ok=True)
        (standard / "Module1.xba").write_text(_MACRO, encoding="utf-8")
        (standard / "script.xlb").write_text(_LIBRARY, encoding="utf-8")
        (standard.parent / "script.xlc").write_text(_LIBRARIES, encoding="utf-8")

    def edited(self, data: bytes, edits: list[Edit], folder: Path) -> bytes:
        """The workbook after LibreOffice has opened it, made ``edits`` and saved it as .xlsx."""
        source, target, lines = folder / "in.xlsx", folder / "out.xlsx", folder / "edits.txt"
        source.write_bytes(data)
        target.unlink(missing_ok=True)
        lines.write_text("".join(f"{part}\n" for edit in edits for part in edit), encoding="utf-8")
        environment = {"OFFICE_IN": str(source), "OFFICE_OUT": str(target), "OFFICE_EDITS": str(lines)}
        said = self._run("macro:///Standard.Module1.Edit", folder=folder, environment=environment)
        assert target.exists(), said
        return target.read_bytes()

    def _run(self, *options: str, folder: Path, environment: Mapping[str, str] = MappingProxyType({})) -> str:
        assert SOFFICE is not None
        said = subprocess.run(
            [SOFFICE, "--headless", "--norestore", f"-env:UserInstallation={self._profile.as_uri()}", *options],
            env={**os.environ, "HOME": str(folder), "LC_ALL": "C.UTF-8", **environment},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        return f"{said.returncode} {said.stdout} {said.stderr}"
