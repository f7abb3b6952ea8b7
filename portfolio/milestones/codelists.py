"""The codes that milestones use, with their labels."""

from __future__ import annotations

from portfolio.core.vocabulary import Codelist, Label

MILESTONE_STATUS = Codelist(
    "milestone_status",
    Label("Status eines Meilensteins", "Status of a milestone"),
    {
        "scheduled": Label("geplant", "scheduled"),
        "achieved": Label("erreicht", "achieved"),
        "partly_achieved": Label("teilweise erreicht", "achieved in part"),
        "missed": Label("verfehlt", "missed"),
        "cancelled": Label("entfallen", "cancelled"),
    },
)
PHASE = Codelist(
    "phase",
    Label("Phase der Konferenz", "Phase of the conference"),
    {
        "listening": Label("Zuhören", "listening"),
        "deciding": Label("Entscheiden", "deciding"),
        "implementing": Label("Umsetzen", "implementing"),
    },
)
MILESTONE_KIND = Codelist(
    "milestone_kind",
    Label("Art eines Meilensteins", "Kind of a milestone"),
    {
        "start": Label("Beginn", "start"),
        "grant_notice": Label("Zuwendungsbescheid", "grant notice"),
        "approval": Label("Bewilligung", "approval"),
        "decision": Label("Entscheidung", "decision"),
        "agreement": Label("Vereinbarung", "agreement"),
        "guideline": Label("Förderrichtlinie", "funding guideline"),
        "tender": Label("Ausschreibung", "tender"),
        "award": Label("Zuschlag", "contract award"),
        "accession": Label("Beitritt", "accession"),
        "opening": Label("Eröffnung", "opening"),
        "study": Label("Studie", "study"),
        "report": Label("Bericht", "report"),
        "result": Label("Ergebnis", "result"),
        "end": Label("Ende", "end"),
        "planned": Label("Plan", "plan"),
        "presentation": Label("Vorstellung", "presentation"),
        "event": Label("Veranstaltung", "event"),
        "announcement": Label("Ankündigung", "announcement"),
        "deadline": Label("Frist", "deadline"),
        "other": Label("anderes", "other"),
    },
)
OUTCOME = Codelist(
    "milestone_outcome",
    Label("Stand eines Meilensteins im Bericht", "State of a milestone in reports"),
    {
        "achieved": Label("erreicht", "achieved"),
        "partly_achieved": Label("teilweise erreicht", "achieved in part"),
        "missed": Label("verfehlt", "missed"),
        "cancelled": Label("entfallen", "cancelled"),
        "overdue": Label("überfällig", "overdue"),
        "not_reported": Label("Termin vorbei, nichts gemeldet", "day passed, nothing reported"),
        "at_risk": Label("gefährdet (Prognose nach dem Plantermin)", "at risk (forecast after the planned day)"),
        "on_track": Label("im Plan", "on track"),
        "not_known": Label("an diesem Tag nicht bekannt", "not known on that day"),
    },
)
