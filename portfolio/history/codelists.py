"""The codes of what a revision did to a record, and of what lies between two moments."""

from __future__ import annotations

from portfolio.core.vocabulary import Codelist, Label

RECORDED_OPERATION = Codelist(
    "recorded_operation",
    Label("Art einer Änderung", "What a revision did to a record"),
    {
        "create": Label("angelegt", "created"),
        "update": Label("geändert", "changed"),
        "delete": Label("gelöscht", "deleted"),
    },
)
DIFFERENCE = Codelist(
    "difference",
    Label("Unterschied zwischen zwei Zeitpunkten", "Difference between two moments"),
    {
        "added": Label("hinzugekommen", "added"),
        "changed": Label("geändert", "changed"),
        "removed": Label("entfallen", "removed"),
    },
)
