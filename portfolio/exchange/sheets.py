"""The six sheets of the workbook and their columns, in German and English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import marshmallow as ma

from portfolio.core import fields
from portfolio.core.records import about
from portfolio.core.vocabulary import Label
from portfolio.exchange.columns import Column, Use
from portfolio.funding import codelists as funding
from portfolio.funding import schemas as money
from portfolio.milestones import codelists as milestone_lists
from portfolio.milestones import schemas as milestones
from portfolio.projects import codelists as project_lists
from portfolio.projects import schemas as projects

EDIT, NEW, SHOWN, KEY, STEP = Use.EDIT, Use.NEW, Use.SHOWN, Use.KEY, Use.STEP
ID, VERSION = "id", "version"
NEW_STATUS, NEW_STATUS_ON, NEW_STATUS_REASON = "new_status", "new_status_on", "new_status_reason"


@dataclass(frozen=True)
class Sheet:
    """One sheet: a row for each record of one kind."""

    key: str
    """Its name for machines, and the place of its records under /v1."""
    title: Label
    columns: tuple[Column, ...]

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        return {column.name: column for column in self.columns}

    def of(self, *uses: Use) -> list[Column]:
        return [column for column in self.columns if column.use in uses]


def _columns(texts: Sequence[tuple[Any, ...]], *schemas: type[ma.Schema], internal: Sequence[str] = ()) -> list[Column]:
    """Columns from (name, use, German label, English label, German note): the form is the field of the first schema
    that has one of that name, and its description is the English note."""
    known: dict[str, ma.fields.Field[Any]] = {}
    for schema in reversed(schemas):
        known.update(schema().fields)
    found = []
    for name, use, label_de, label_en, note_de in texts:
        form = known[name]
        note = Label(note_de, form.metadata["description"])
        found.append(Column(name, Label(label_de, label_en), note, use, form, name in internal))
    return found


def _step(statuses: Any) -> list[Column]:
    """The three cells that ask for a change of status."""
    status = fields.Code(statuses, metadata=about("Fill in to change the status."))
    day = fields.Day(metadata=about("Day of the change, not in the future."))
    reason = fields.LongText(max_length=2000, metadata=about("Why; needed for some changes, not public."))
    return [
        Column(
            NEW_STATUS,
            Label("Neuer Status", "New status"),
            Label("Ausfüllen, um den Status zu ändern.", "Fill in to change the status."),
            STEP,
            status,
        ),
        Column(
            NEW_STATUS_ON,
            Label("Neuer Status am", "New status on"),
            Label("Tag der Änderung, nicht in der Zukunft.", "Day of the change, not in the future."),
            STEP,
            day,
        ),
        Column(
            NEW_STATUS_REASON,
            Label("Grund der Änderung", "Reason for the change"),
            Label(
                "Warum; für manche Änderungen nötig, nicht öffentlich.",
                "Why; needed for some changes, not public.",
            ),
            STEP,
            reason,
        ),
    ]


_TAIL = (
    (
        VERSION,
        KEY,
        "Stand",
        "Version",
        "Nicht ändern: daran erkennt das Register, ob inzwischen jemand anders schrieb.",
    ),
    (ID, KEY, "ID", "ID", "Nicht ändern: daran erkennt das Register den Datensatz. In neuen Zeilen leer lassen."),
)

PROJECTS = Sheet(
    "projects",
    Label("Projekte", "Projects"),
    (
        *_columns(
            (
                ("slug", NEW, "Projekt", "Project", "Adresse des Projekts; bei einem neuen selbst wählen."),
                ("title_de", EDIT, "Titel (deutsch)", "Title (German)", "Amtliche Bezeichnung."),
                ("title_en", EDIT, "Titel (englisch)", "Title (English)", "Übersetzung der Bezeichnung."),
                ("status", SHOWN, "Status", "Status", "Stand heute; ändern über „Neuer Status“."),
                ("status_as_of", SHOWN, "Status vom", "Status as of", "Tag, von dem der Status berichtet ist."),
            ),
            projects.ProjectChangesSchema,
            projects.ProjectSchema,
        ),
        *_step(project_lists.PROJECT_STATUS),
        *_columns(
            (
                ("action_field", SHOWN, "Handlungsfeld", "Action field", "Heute; ändern über die Schnittstelle."),
                ("lead_ministry", SHOWN, "Federführung", "Lead ministry", "Heute federführendes Ministerium."),
                ("planned_start_on", EDIT, "Geplanter Beginn", "Planned start", "Geplanter erster Tag."),
                ("planned_end_on", EDIT, "Geplantes Ende", "Planned end", "Geplanter letzter Tag."),
                ("actual_start_on", EDIT, "Tatsächlicher Beginn", "Actual start", "Tatsächlicher erster Tag."),
                ("actual_end_on", EDIT, "Tatsächliches Ende", "Actual end", "Tatsächlicher letzter Tag."),
                ("summary_de", EDIT, "Kurztext (deutsch)", "Summary (German)", "Worum es geht, in ein, zwei Sätzen."),
                ("summary_en", EDIT, "Kurztext (englisch)", "Summary (English)", "Dasselbe auf Englisch."),
                ("summary_basis", EDIT, "Kurztext beruht auf", "Basis of summary", "Worauf der Kurztext beruht."),
                ("code", EDIT, "Nummer", "Code", "Veröffentlichte Nummer Forum–Projekt, etwa 13-01."),
                ("code_basis", EDIT, "Nummer beruht auf", "Basis of code", "Woher die Nummer bekannt ist."),
                ("proposal_number", EDIT, "Vorschlag Nr.", "Proposal no.", "Nummer der Vorschlagsseite von 2019."),
                ("title_aliases", EDIT, "Andere Namen", "Other names", "Ein Name je Zeile (Alt+Eingabe)."),
                ("pillar", EDIT, "Säule", "Pillar", "1 Projekt der Ministerien, 2 Projekt von Partnern."),
                ("theme_forum", EDIT, "Themenforum", "Theme forum", "Nummer des Forums, das es vorschlug."),
                ("theme_forum_basis", EDIT, "Forum beruht auf", "Basis of forum", "Woher das Forum bekannt ist."),
                ("list_confidence", EDIT, "Eigenes Projekt", "Own project", "Wie sicher es ein eigenes Projekt ist."),
                ("source_notes", EDIT, "Zu den Quellen", "On the sources", "Öffentliche Anmerkung zu den Quellen."),
                ("internal_note", EDIT, "Interne Notiz", "Internal note", "Nicht öffentlich."),
                ("proposed_on", NEW, "Vorgeschlagen am", "Proposed on", "Nur für neue Projekte: Tag des Vorschlags."),
                *_TAIL,
            ),
            projects.ProjectChangesSchema,
            projects.ProjectInputSchema,
            projects.ProjectSchema,
            internal=("internal_note",),
        ),
    ),
)

APPLICATIONS = Sheet(
    "applications",
    Label("Anträge", "Applications"),
    (
        *_columns(
            (
                ("project", NEW, "Projekt", "Project", "Adresse des Projekts, wie im Blatt Projekte."),
                ("project_title", SHOWN, "Projekttitel", "Project title", "Bezeichnung des Projekts."),
                ("purpose", EDIT, "Zweck", "Purpose", "Wofür das Geld ist."),
                ("status", SHOWN, "Status", "Status", "Stand heute; ändern über „Neuer Status“."),
                ("submitted_on", SHOWN, "Gestellt am", "Submitted on", "Tag des Antrags; leer, wenn unbekannt."),
                ("decided_on", SHOWN, "Entschieden am", "Decided on", "Tag der Entscheidung."),
            ),
            money.ApplicationChangesSchema,
            money.ApplicationSchema,
        ),
        *_step(funding.APPLICATION_STATUS),
        *_columns(
            (
                ("level", EDIT, "Ebene", "Level", "Wessen Geld: EU, Bund, Land …"),
                ("programme", EDIT, "Förderprogramm", "Programme", "Code des Programms; leer, wenn unbekannt."),
                ("applicant", EDIT, "Antragsteller", "Applicant", "Code der Organisation."),
                ("recipient_text", EDIT, "Empfänger laut Quelle", "Recipient as published", "Im Wortlaut der Quelle."),
                ("requested_amount", EDIT, "Beantragt (EUR)", "Requested (EUR)", "Betrag in Euro und Cent."),
                ("eligible_cost", EDIT, "Zuwendungsfähig (EUR)", "Eligible cost (EUR)", "Zuwendungsfähige Ausgaben."),
                ("requested_rate", EDIT, "Beantragter Anteil", "Requested share", "Anteil, etwa 85 %."),
                ("file_reference", EDIT, "Aktenzeichen", "File reference", "Nicht öffentlich."),
                ("note", EDIT, "Anmerkung", "Note", "Öffentliche Anmerkung."),
                ("source_url", EDIT, "Quelle", "Source", "Adresse der Veröffentlichung."),
                *_TAIL,
            ),
            money.ApplicationChangesSchema,
            money.ApplicationSchema,
            internal=("file_reference",),
        ),
    ),
)

AWARDS = Sheet(
    "awards",
    Label("Bewilligungen", "Awards"),
    (
        *_columns(
            (
                ("project", NEW, "Projekt", "Project", "Adresse des Projekts, wie im Blatt Projekte."),
                ("project_title", SHOWN, "Projekttitel", "Project title", "Bezeichnung des Projekts."),
                ("number", EDIT, "Bescheid Nr.", "Notice no.", "Nummer des Bescheids."),
                ("status", SHOWN, "Status", "Status", "Stand heute; ändern über „Neuer Status“."),
                ("issued_on", NEW, "Beschieden am", "Issued on", "Tag des Bescheids; später fest."),
                (
                    "amount",
                    NEW,
                    "Betrag (EUR)",
                    "Amount (EUR)",
                    "Bewilligt; später fest, geändert durch neuen Bescheid.",
                ),
                ("amount_qualifier", NEW, "Genauigkeit", "Exactness", "Wie genau der Betrag bekannt ist."),
                ("paid_out", SHOWN, "Ausgezahlt (EUR)", "Paid out (EUR)", "Bis heute; leer, wenn nie berichtet."),
                (
                    "to_flow",
                    SHOWN,
                    "Noch offen (EUR)",
                    "Still to flow (EUR)",
                    "Noch auszuzahlen; leer, wenn unbekannt.",
                ),
                (
                    "payments_known_until",
                    EDIT,
                    "Zahlungen bekannt bis",
                    "Payments known until",
                    "Bis dahin vollständig.",
                ),
            ),
            money.AwardInputSchema,
            money.AwardChangesSchema,
            money.AwardSchema,
        ),
        *_step(funding.AWARD_STATUS),
        *_columns(
            (
                ("rate", EDIT, "Anteil", "Share", "Bewilligter Anteil, etwa 85 %."),
                ("approval_from_on", EDIT, "Bewilligt ab", "Approved from", "Erster Tag des Bewilligungszeitraums."),
                ("approval_to_on", EDIT, "Bewilligt bis", "Approved to", "Letzter Tag des Bewilligungszeitraums."),
                ("note", EDIT, "Anmerkung", "Note", "Öffentliche Anmerkung."),
                ("source_url", EDIT, "Quelle", "Source", "Adresse der Veröffentlichung."),
                ("supersedes", NEW, "Ändert Bescheid", "Amends award", "ID des Bescheids, den dieser ändert."),
                ("application", NEW, "Antrag", "Application", "ID des Antrags; leer, wenn das Projekt nur einen hat."),
                *_TAIL,
            ),
            money.AwardInputSchema,
            money.AwardChangesSchema,
            money.AwardSchema,
        ),
    ),
)

PAYMENTS = Sheet(
    "ledger-entries",
    Label("Zahlungen", "Payments"),
    tuple(
        _columns(
            (
                ("project", NEW, "Projekt", "Project", "Adresse des Projekts, wie im Blatt Projekte."),
                ("project_title", SHOWN, "Projekttitel", "Project title", "Bezeichnung des Projekts."),
                ("type", NEW, "Art", "Type", "Auszahlung, Rückzahlung, Korrektur …"),
                ("booked_on", NEW, "Gebucht am", "Booked on", "Tag der Buchung, nicht in der Zukunft."),
                ("amount", NEW, "Betrag (EUR)", "Amount (EUR)", "Laut Beleg, größer als null."),
                ("value_on", NEW, "Wertstellung", "Value day", "Tag der Wertstellung."),
                ("budget_year", NEW, "Haushaltsjahr", "Budget year", "Haushaltsjahr."),
                ("payer", NEW, "Zahlt", "Payer", "Wer zahlt."),
                ("payee", NEW, "Erhält", "Payee", "Wer das Geld erhält."),
                ("document_reference", NEW, "Beleg", "Document", "Nummer des Belegs; nicht öffentlich."),
                ("comment", NEW, "Bemerkung", "Comment", "Nicht öffentlich; bei Korrekturen der Grund."),
                ("paid_out", SHOWN, "Zählt als (EUR)", "Counts as (EUR)", "Was die Buchung zur Auszahlung beiträgt."),
                ("reverses", NEW, "Berichtigt", "Reverses", "ID der Buchung, die zurückgenommen wird."),
                ("award", NEW, "Bewilligung", "Award", "ID der Bewilligung; leer, wenn das Projekt nur eine hat."),
                *_TAIL,
            ),
            money.LedgerEntryInputSchema,
            money.LedgerEntrySchema,
            internal=("document_reference", "comment"),
        )
    ),
)

MILESTONES = Sheet(
    "milestones",
    Label("Meilensteine", "Milestones"),
    (
        *_columns(
            (
                ("project", NEW, "Projekt", "Project", "Adresse des Projekts, wie im Blatt Projekte."),
                ("project_title", SHOWN, "Projekttitel", "Project title", "Bezeichnung des Projekts."),
                ("code", NEW, "Nr.", "Code", "Nummer im Projekt; leer: die nächste freie."),
                ("title_de", EDIT, "Titel (deutsch)", "Title (German)", "Was geschehen soll."),
                ("title_en", EDIT, "Titel (englisch)", "Title (English)", "Übersetzung."),
                ("kind", EDIT, "Art", "Kind", "Eröffnung, Bescheid, Ergebnis …"),
                ("status", SHOWN, "Status", "Status", "Stand heute; ändern über „Neuer Status“."),
                ("outcome", SHOWN, "Ergebnis", "Outcome", "Wo er heute steht."),
                ("baseline_on", EDIT, "Geplant für", "Planned for", "Geplanter Tag; fest, sobald berichtet wurde."),
            ),
            milestones.MilestoneChangesSchema,
            milestones.MilestoneSchema,
        ),
        *_step(milestone_lists.MILESTONE_STATUS),
        *_columns(
            (
                ("achieved_on", SHOWN, "Erreicht am", "Achieved on", "Tag, an dem er erreicht wurde."),
                ("forecast_on", SHOWN, "Prognose", "Forecast", "Zuletzt erwarteter Tag; neue im Blatt Prognosen."),
                ("baseline_on_precision", EDIT, "Planung genau auf", "Planned to the", "Tag, Monat oder Jahr."),
                ("phase", EDIT, "Phase", "Phase", "Ergibt sich aus dem Tag."),
                ("weight", EDIT, "Gewicht", "Weight", "Gewicht unter den Meilensteinen des Projekts, 1 bis 100."),
                ("reportable", EDIT, "Zählt im Bericht", "Counts in the report", "Ja oder nein."),
                ("evidence", EDIT, "Nachweis", "Evidence", "Was zeigt, dass er erreicht wurde."),
                ("source_url", EDIT, "Quelle", "Source", "Adresse der Veröffentlichung."),
                *_TAIL,
            ),
            milestones.MilestoneChangesSchema,
            milestones.MilestoneSchema,
        ),
    ),
)


class ForecastRowSchema(milestones.ForecastSchema):
    """A forecast with what names its milestone to a person."""

    project = fields.Slug(metadata=about("Address of the project."))
    milestone_code = fields.Name(metadata=about("Code of the milestone within the project."))
    milestone_title = fields.Text(metadata=about("Title of the milestone."))


FORECASTS = Sheet(
    "forecasts",
    Label("Prognosen", "Forecasts"),
    tuple(
        _columns(
            (
                ("project", NEW, "Projekt", "Project", "Adresse des Projekts, wie im Blatt Projekte."),
                ("milestone_code", NEW, "Meilenstein Nr.", "Milestone code", "Nummer wie im Blatt Meilensteine."),
                ("milestone_title", SHOWN, "Meilensteintitel", "Milestone title", "Titel des Meilensteins."),
                ("reported_on", NEW, "Berichtet am", "Reported on", "Tag des Berichts, nicht in der Zukunft."),
                ("forecast_on", NEW, "Erwartet am", "Expected on", "Tag, an dem er erwartet wird."),
                ("comment", NEW, "Bemerkung", "Comment", "Warum; nicht öffentlich."),
                ("milestone", NEW, "Meilenstein-ID", "Milestone ID", "Leer, wenn Projekt und Nummer genannt sind."),
                *_TAIL,
            ),
            milestones.ForecastInputSchema,
            ForecastRowSchema,
            internal=("comment",),
        )
    ),
)

SHEETS = (PROJECTS, APPLICATIONS, AWARDS, PAYMENTS, MILESTONES, FORECASTS)
BY_KEY = {sheet.key: sheet for sheet in SHEETS}


def sheet_titled(title: str) -> Sheet | None:
    """The sheet of a name in either language, or of its key."""
    folded = title.strip().casefold()
    return next(
        (sheet for sheet in SHEETS if folded in (sheet.key, sheet.title.de.casefold(), sheet.title.en.casefold())), None
    )


def shown_as(name: str) -> str:
    """The column that shows what a cell of ``name`` would change: a new status stands beside the status."""
    return "status" if name == NEW_STATUS else name
