"""The codes that projects and decisions use, with their labels."""

from __future__ import annotations

from portfolio.core.lifecycle import DOCUMENTED, REPORTED, UNKNOWN
from portfolio.core.vocabulary import Codelist, Label

PROJECT_STATUS = Codelist(
    "project_status",
    Label("Status eines Projekts", "Status of a project"),
    {
        "proposed": Label("vorgeschlagen", "proposed"),
        "adopted": Label("beschlossen", "adopted"),
        "under_review": Label("in Prüfung", "under review"),
        "in_implementation": Label("in Umsetzung", "in implementation"),
        "suspended": Label("ausgesetzt", "suspended"),
        "completed": Label("abgeschlossen", "completed"),
        "continued": Label("Daueraufgabe", "continued as a permanent task"),
        "not_pursued": Label("nicht weiterverfolgt", "not pursued"),
        "transferred_out": Label("außerhalb weiterbehandelt", "dealt with elsewhere"),
        "merged": Label("in anderem Projekt aufgegangen", "merged into another project"),
    },
)
STATUS_BASIS = Codelist(
    "status_basis",
    Label("Grundlage eines Status", "Basis of a status"),
    {
        REPORTED: Label("vom Ressort gemeldet", "reported by the ministry"),
        DOCUMENTED: Label("aus Quellen belegt", "documented by sources"),
        UNKNOWN: Label("nicht bekannt", "not known"),
    },
)
BUCKET = Codelist(
    "status_bucket",
    Label("Gruppe im Bericht", "Group in reports"),
    {
        "done": Label("abgeschlossen oder Daueraufgabe", "done or continued"),
        "running": Label("in Umsetzung", "running"),
        "checking": Label("in Prüfung", "under review"),
        "not_started": Label("noch nicht begonnen", "not started"),
        "dropped": Label("nicht weiterverfolgt", "not pursued"),
        "not_known": Label("Stand nicht bekannt", "state not known"),
        "left": Label("nicht mehr Teil des Programms", "no longer part of the programme"),
    },
)
ASSIGNMENT_BASIS = Codelist(
    "assignment_basis",
    Label("Grundlage einer Zuordnung", "Basis of an assignment"),
    {
        "published_source": Label("veröffentlichte Quelle", "published source"),
        "inferred_by_forum": Label("erschlossen aus dem Themenforum", "inferred from the theme forum"),
        "inferred_by_topic": Label("erschlossen aus dem Thema", "inferred from the topic"),
        "decision": Label("Beschluss", "decision"),
    },
)
ROLE_BASIS = Codelist(
    "role_basis",
    Label("Grundlage einer Zuständigkeit", "Basis of a role"),
    {
        "published_source": Label("veröffentlichte Quelle", "published source"),
        "decision": Label("Beschluss", "decision"),
        "succession": Label("Rechtsnachfolge", "succession of remits"),
        "assumed": Label("angenommen", "assumed"),
    },
)
PROJECT_ROLE = Codelist(
    "project_role",
    Label("Zuständigkeit im Projekt", "Part in a project"),
    {
        "lead_ministry": Label("federführendes Ressort", "lead ministry"),
        "implementing": Label("umsetzende Stelle", "implementing body"),
        "partner": Label("Partner", "partner"),
        "funder": Label("Förderer", "funder"),
    },
)
DECISION_KIND = Codelist(
    "decision_kind",
    Label("Art eines Beschlusses", "Kind of a decision"),
    {
        "cabinet_decision": Label("Kabinettbeschluss", "cabinet decision"),
        "ministry_decision": Label("Entscheidung eines Ressorts", "decision of a ministry"),
        "authority_decision": Label("Entscheidung einer Behörde", "decision of an authority"),
        "parliament_decision": Label("Beschluss des Parlaments", "decision of parliament"),
        "government_formation": Label("Bildung einer Landesregierung", "formation of a state government"),
    },
)
DECISION_EFFECT = Codelist(
    "decision_effect",
    Label("Wirkung eines Beschlusses", "Effect of a decision"),
    {
        "admit": Label("Aufnahme", "admission"),
        "remove": Label("Herausnahme", "removal"),
        "merge": Label("Zusammenführung", "merger"),
        "split": Label("Teilung", "split"),
        "reassign": Label("Neuzuordnung", "re-assignment"),
        "rename": Label("Umbenennung", "renaming"),
    },
)
EFFECT_BASIS = Codelist(
    "decision_effect_basis",
    Label("Beleg einer Wirkung", "Evidence of an effect"),
    {
        "published_individually": Label("einzeln veröffentlicht", "published individually"),
        "published_for_all_but_one": Label(
            "für alle bis auf einen Vorschlag veröffentlicht", "published for all but one"
        ),
        "official_count": Label("aus der amtlichen Anzahl", "follows from the official count"),
        "assumed": Label("angenommen", "assumed"),
    },
)
TITLE_BASIS = Codelist(
    "code_basis",
    Label("Grundlage eines Projektcodes", "Basis of a project code"),
    {
        "published_source": Label("veröffentlichte Quelle", "published source"),
        "inferred_from_sequence": Label("erschlossen aus der Zählung", "inferred from the sequence"),
    },
)
FORUM_BASIS = Codelist(
    "theme_forum_basis",
    Label("Grundlage der Forumsangabe", "Basis of the theme forum"),
    {
        "published_source": Label("veröffentlichte Quelle", "published source"),
        "inferred_by_topic": Label("erschlossen aus dem Thema", "inferred from the topic"),
        "inferred_by_numbering": Label("erschlossen aus der Zählung", "inferred from the numbering"),
    },
)
SUMMARY_BASIS = Codelist(
    "summary_basis",
    Label("Grundlage der Beschreibung", "Basis of the summary"),
    {
        "published_text": Label("veröffentlichter Text", "published text"),
        "title_only": Label("nur der Titel", "the title only"),
    },
)
LIST_CONFIDENCE = Codelist(
    "list_confidence",
    Label("Sicherheit, dass es ein eigenes Projekt ist", "Confidence that it is a project of its own"),
    {
        "official_list": Label("auf einer amtlichen Liste", "on an official list"),
        "official_statement": Label("amtlich so bezeichnet", "called so officially"),
        "inferred": Label("erschlossen", "inferred"),
        "official_count": Label("nur aus der amtlichen Anzahl", "from the official count only"),
    },
)
