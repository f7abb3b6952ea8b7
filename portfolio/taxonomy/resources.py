"""What this package holds: what the history must know of it."""

from __future__ import annotations

from portfolio.core.resources import Kind
from portfolio.taxonomy.models import ActionField, ThemeForum

KINDS = (
    Kind(ActionField, "action_field", "action-fields", key="code"),
    Kind(ThemeForum, "theme_forum", "theme-forums", key="number"),
)
