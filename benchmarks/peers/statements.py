"""SQL that several peers send, the same text on both engines."""

from __future__ import annotations

from portfolio.core.dates import today

_TODAY = f"'{today()}'"
"""The region's, as the register counts days; that of the database may be another."""
BOOLEANS = ("title_known", "demo", "lead_successor_undetermined", "in_population")
DOCUMENTS = ("title_aliases", "locations", "components", "sources")
_OWN = """id version created_at updated_at code code_basis proposal_number title_en title_aliases summary_de summary_en
summary_basis pillar theme_forum_basis planned_start_on planned_end_on actual_start_on actual_end_on locations
list_confidence components sources source_notes slug title_de title_known demo"""
_PROJECTS = f"""
SELECT {", ".join(f"p.{name}" for name in _OWN.split())}, f.number AS theme_forum,
  af.code AS action_field, a.basis AS action_field_basis, a.from_on AS action_field_from_on,
  o.code AS lead_ministry, r.from_on AS lead_ministry_from_on,
  coalesce(o.valid_to <= {_TODAY}, false) AS lead_successor_undetermined,
  c.to_status AS status, c.basis AS status_basis, c.changed_on AS status_as_of,
  c.changed_on_precision AS status_as_of_precision,
  CASE WHEN c.to_status IN ('completed', 'continued') THEN 'done' WHEN c.to_status = 'in_implementation' THEN 'running'
    WHEN c.to_status IN ('under_review', 'suspended') THEN 'checking' WHEN c.to_status = 'not_pursued' THEN 'dropped'
    WHEN c.to_status IN ('transferred_out', 'merged') THEN 'left'
    WHEN c.to_status IS NULL OR c.basis = 'unknown' THEN 'not_known' ELSE 'not_started' END AS bucket,
  c.to_status NOT IN ('transferred_out', 'merged') AND EXISTS (
    SELECT 1 FROM project_status_change e WHERE e.project_id = p.id AND e.holds_from_on <= {_TODAY}
    AND (e.to_status = 'adopted' OR (e.to_status = 'proposed' AND e.seq = 1 AND e.holds_from_on <= '2019-09-09'))
  ) AS in_population
FROM project p
LEFT JOIN theme_forum f ON f.id = p.theme_forum_id
LEFT JOIN assignment a ON a.project_id = p.id AND a.from_on <= {_TODAY}
  AND (a.to_on IS NULL OR a.to_on > {_TODAY})
LEFT JOIN action_field af ON af.id = a.action_field_id
LEFT JOIN project_role r ON r.project_id = p.id AND r.role = 'lead_ministry'
  AND (r.from_on IS NULL OR r.from_on <= {_TODAY}) AND (r.to_on IS NULL OR r.to_on > {_TODAY})
LEFT JOIN organisation o ON o.id = r.organisation_id
LEFT JOIN project_status_change c ON c.project_id = p.id AND c.seq = (
  SELECT max(l.seq) FROM project_status_change l WHERE l.project_id = p.id AND l.holds_from_on <= {_TODAY})
"""
LIST = f"{_PROJECTS} WHERE NOT p.demo ORDER BY p.title_sort, p.id LIMIT 50"
EXPORT = f"{_PROJECTS} WHERE NOT p.demo ORDER BY p.title_sort, p.id"
RECORD = f"{_PROJECTS} WHERE p.slug = :slug"


def _by_field(day: str, values: str, sources: str, condition: str) -> str:
    # The year as text: the engines share no function that takes it out of a day.
    return f"""
SELECT af.code, ap.level, CAST(substr(CAST({day} AS TEXT), 1, 4) AS INTEGER), count(*), {values}
FROM application ap JOIN project p ON p.id = ap.project_id {sources}
LEFT JOIN assignment a ON a.project_id = p.id AND a.from_on <= {_TODAY}
  AND (a.to_on IS NULL OR a.to_on > {_TODAY})
LEFT JOIN action_field af ON af.id = a.action_field_id
WHERE NOT p.demo AND {condition} GROUP BY 1, 2, 3"""


def _cents(value: str) -> str:
    return f"CAST(sum({value}) AS BIGINT)"


def _count(condition: str) -> str:
    return f"sum(CASE WHEN {condition} THEN 1 ELSE 0 END)"


_AWARDS = "JOIN award w ON w.application_id = ap.id"
APPLIED = _by_field(
    "ap.submitted_on",
    f"{_cents('requested_amount')}, {_count('requested_amount IS NULL')}, {_count('submitted_on IS NULL')}",
    "",
    f"ap.counts_from_on <= {_TODAY}",
)
APPROVED = _by_field(
    "w.issued_on",
    f"{_cents('w.amount')}, {_count('w.amount IS NULL')}, {_count('w.issued_on IS NULL')}, "
    + _cents("CASE WHEN w.amount_qualifier = 'exact' THEN w.amount END")
    + ", "
    + _count("w.amount IS NOT NULL AND w.amount_qualifier <> 'exact'")
    + f", {_count('w.payments_known_until IS NULL')}",
    _AWARDS,
    f"w.counts_from_on <= {_TODAY} AND (w.ended_on IS NULL OR w.ended_on > {_TODAY})",
)
PAID = _by_field(
    "e.booked_on",
    _cents("e.paid_out"),
    f"{_AWARDS} JOIN ledger_entry e ON e.award_id = w.id",
    f"e.booked_on <= {_TODAY} AND e.paid_out <> 0",
)
HEAD = "SELECT size, last_at FROM log_head"
SUMMARY = (HEAD, APPLIED, APPROVED, PAID)
