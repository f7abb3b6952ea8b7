"""The codes that money uses, with their labels."""

from __future__ import annotations

from portfolio.core.vocabulary import Codelist, Label

LEVEL = Codelist(
    "funding_level",
    Label("Förderebene", "Funding level"),
    {
        "eu": Label("Europäische Union", "European Union"),
        "federal": Label("Bund", "federation"),
        "state": Label("Land", "state"),
        "municipal": Label("Kommune", "municipality"),
        "foundation": Label("Stiftung", "foundation"),
        "private": Label("privat", "private"),
        "own": Label("Eigenanteil", "own share"),
        "mixed": Label("mehrere Ebenen, von der Quelle nicht getrennt", "several levels, not split by the source"),
    },
)
APPLICATION_STATUS = Codelist(
    "application_status",
    Label("Status eines Förderantrags", "Status of an application"),
    {
        "draft": Label("Entwurf", "draft"),
        "submitted": Label("eingereicht", "submitted"),
        "under_review": Label("in Prüfung", "under review"),
        "returned": Label("zurückgegeben", "returned"),
        "approved": Label("bewilligt", "approved"),
        "partly_approved": Label("teilweise bewilligt", "approved in part"),
        "rejected": Label("abgelehnt", "rejected"),
        "withdrawn": Label("zurückgezogen", "withdrawn"),
    },
)
AWARD_STATUS = Codelist(
    "award_status",
    Label("Status einer Bewilligung", "Status of an award"),
    {
        "issued": Label("erlassen", "issued"),
        "final": Label("bestandskräftig", "final"),
        "active": Label("laufend", "active"),
        "proof_due": Label("Verwendungsnachweis fällig", "proof of use due"),
        "settled": Label("abgeschlossen", "settled"),
        "superseded": Label("durch Änderungsbescheid ersetzt", "superseded by an amendment"),
        "revoked": Label("widerrufen", "revoked"),
    },
)
LEDGER_TYPE = Codelist(
    "ledger_type",
    Label("Art einer Buchung", "Type of a ledger entry"),
    {
        "commitment": Label("Festlegung", "commitment"),
        "disbursement": Label("Auszahlung", "disbursement"),
        "expenditure": Label("Ausgabe des Empfängers", "expenditure of the recipient"),
        "repayment": Label("Rückzahlung", "repayment"),
        "recovery_claim": Label("Rückforderung", "recovery claim"),
        "correction": Label("Korrektur (Storno)", "correction (reversal)"),
        "pass_through": Label("Weiterleitung", "pass-through"),
    },
)
QUALIFIER = Codelist(
    "amount_qualifier",
    Label("Genauigkeit eines Betrags", "Qualifier of an amount"),
    {
        "exact": Label("genau", "exact"),
        "approximately": Label("etwa", "approximately"),
        "more_than": Label("mehr als", "more than"),
        "up_to": Label("bis zu", "up to"),
        "total_volume": Label("Gesamtvolumen", "total volume"),
    },
)
AWARD_QUALIFIER = Codelist(
    "award_amount_qualifier",
    Label("Genauigkeit eines bewilligten Betrags", "Qualifier of an awarded amount"),
    {"exact": Label("genau", "exact"), "approximately": Label("etwa", "approximately")},
)
EVIDENCE = Codelist(
    "award_evidence",
    Label("Beleg einer Bewilligung", "Evidence of an award"),
    {
        "grant_notice": Label("Zuwendungsbescheid lag vor", "grant notice seen"),
        "published_statement": Label("veröffentlichte Angabe", "published statement"),
    },
)
STATEMENT_KIND = Codelist(
    "statement_kind",
    Label("Art einer Angabe zum Geld", "Kind of a statement about money"),
    {
        "need": Label("Bedarf", "need"),
        "announced": Label("angekündigt", "announced"),
        "applied": Label("beantragt", "applied"),
        "approved": Label("bewilligt (nicht summierbar)", "approved (cannot be summed)"),
    },
)
STATEMENT_SCOPE = Codelist(
    "statement_scope",
    Label("Worauf sich eine Angabe bezieht", "What a statement is about"),
    {
        "project": Label("Projekt", "project"),
        "component": Label("Teil des Projekts", "component"),
        "shared": Label("mehrere Projekte gemeinsam", "shared by projects"),
        "per_year": Label("je Jahr", "per year"),
        "per_grant": Label("je Förderung", "per grant"),
        "funding_round": Label("Förderrunde", "funding round"),
        "cumulative_total": Label("aufgelaufene Summe", "cumulative total"),
        "state_programme": Label("Landesprogramm", "state programme"),
    },
)
RELATION = Codelist(
    "programme_relation",
    Label("Bezug eines Förderprogramms", "Relation of a funding programme"),
    {
        "named_for_projects": Label("bei Projekten genannt", "named for projects"),
        "named_for_process": Label("für die Konferenz genannt", "named for the conference"),
        "context_only": Label("nur Umfeld", "context only"),
    },
)
