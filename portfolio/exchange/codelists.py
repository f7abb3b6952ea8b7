"""Codelists of imports and of the to-do list."""

from __future__ import annotations

from portfolio.core.vocabulary import Codelist, Label

IMPORT_STATE = Codelist(
    "import_state",
    Label("Stand eines Imports", "State of an import"),
    {
        "previewed": Label("geprüft, nicht übernommen", "previewed, not applied"),
        "applied": Label("übernommen", "applied"),
    },
)
IMPORT_KIND = Codelist(
    "import_kind",
    Label("Art der Datei", "Kind of file"),
    {"xlsx": Label("Excel-Arbeitsmappe", "Excel workbook"), "csv": Label("CSV", "CSV")},
)
IMPORT_ACTION = Codelist(
    "import_action",
    Label("Was eine Zeile bewirkt", "What a row does"),
    {"create": Label("legt an", "makes a record"), "change": Label("ändert", "changes a record")},
)
TO_DO_KIND = Codelist(
    "to_do_kind",
    Label("Was ansteht", "What waits"),
    {
        "status_stale": Label("Status veraltet", "status is stale"),
        "milestone_overdue": Label("Meilenstein überfällig", "milestone is overdue"),
        "payments_not_reported": Label("Zahlungen nie gemeldet", "payments never reported"),
        "import_conflict": Label("Import mit Konflikten", "import with conflicts"),
    },
)
