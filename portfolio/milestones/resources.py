"""What this package holds: what the history must know of it."""

from __future__ import annotations

from portfolio.core.resources import Kind
from portfolio.milestones.models import Milestone, MilestoneForecast, MilestoneStatusChange

KINDS = (
    Kind(Milestone, "milestone", "milestones", belongs_to="project_id"),
    Kind(MilestoneStatusChange, "status_change", belongs_to="milestone_id"),
    Kind(MilestoneForecast, "forecast", belongs_to="milestone_id"),
)
