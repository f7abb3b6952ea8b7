"""The codes of the data dictionary, with their labels."""

from __future__ import annotations

from portfolio.core.provenance import ASSIGNED, COMPUTED, ECHOED, FIXED, PUBLISHED, RECORDED
from portfolio.core.vocabulary import Codelist, Label

UNIT = Codelist(
    "field_unit",
    Label("Einheit eines Feldes", "Unit of a field"),
    {
        "eur": Label("Euro, Text mit zwei Nachkommastellen", "EUR, text with two decimals"),
        "ratio": Label("Anteil von 0 bis 1, Text mit vier Nachkommastellen", "ratio from 0 to 1, text with 4 decimals"),
        "day": Label("Kalendertag (Europe/Berlin)", "calendar day (Europe/Berlin)"),
        "period": Label("Tag, Monat oder Jahr, wie die Quelle sie nennt", "day, month or year as the source gives it"),
        "instant": Label("Zeitpunkt (UTC)", "instant (UTC)"),
        "days": Label("Anzahl Tage", "number of days"),
        "year": Label("Kalenderjahr", "calendar year"),
        "count": Label("Anzahl", "count"),
        "code": Label("Code einer Codeliste", "code of a codelist"),
        "none": Label("keine", "none"),
    },
)
ORIGIN = Codelist(
    "field_origin",
    Label("Herkunft eines Wertes", "Origin of a value"),
    {
        RECORDED: Label("von Menschen eingetragen", "entered by people"),
        PUBLISHED: Label(
            "aus öffentlichen Quellen, mit dem ersten Bestand", "from public sources, with the first data"
        ),
        COMPUTED: Label("beim Abruf berechnet", "computed when it is asked for"),
        ASSIGNED: Label("vom Register beim Schreiben gesetzt", "set by the register when it writes"),
        FIXED: Label("Teil des Programms", "part of the program"),
        ECHOED: Label("wiederholt, was gefragt oder gesendet wurde", "repeats what was asked or sent"),
    },
)
WRITABLE = Codelist(
    "field_writable",
    Label("Ob ein Feld gesendet werden kann", "Whether a field can be sent"),
    {
        "no": Label("nein", "no"),
        "when_made": Label("nur beim Anlegen", "only when it is made"),
        "later": Label("nur als Änderung", "only as a change"),
        "when_made_and_later": Label("beim Anlegen und als Änderung", "when it is made and as a change"),
    },
)
VISIBILITY = Codelist(
    "field_visibility",
    Label("Wer ein Feld sieht", "Who sees a field"),
    {
        "public": Label("alle", "everybody"),
        "internal": Label(
            "Koordination, Prüfung und die Organisation, die das Projekt führt",
            "coordinator, auditor and the organisation that leads the project",
        ),
        "signed_in": Label("angemeldete Personen, je ihre eigenen Angaben", "who is signed in, each their own"),
        "sender": Label("wer es gesendet hat", "who sent it in"),
        "admin": Label("Verwaltung der Zugänge", "who administers access"),
    },
)
