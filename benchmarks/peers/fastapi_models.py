"""What the FastAPI peer takes and answers, as Pydantic models."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class Record(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: UUID
    version: int
    created_at: datetime
    updated_at: datetime


class Location(BaseModel):
    name: str | None = None
    ags: str | None = None
    nuts3: str | None = None


class Source(BaseModel):
    url: str
    title: str


class Project(Record):
    slug: str
    code: str | None
    code_basis: str | None
    proposal_number: int | None
    title_de: str
    title_en: str | None
    title_known: bool
    title_aliases: list[str]
    summary_de: str | None
    summary_en: str | None
    summary_basis: str | None
    pillar: int
    theme_forum: int | None
    theme_forum_basis: str | None
    planned_start_on: date | None
    planned_end_on: date | None
    actual_start_on: date | None
    actual_end_on: date | None
    locations: list[Location]
    list_confidence: str | None
    components: list[Any]
    sources: list[Source]
    source_notes: str | None
    action_field: str | None
    action_field_basis: str | None
    action_field_from_on: date | None
    lead_ministry: str | None
    lead_ministry_from_on: date | None
    lead_successor_undetermined: bool
    status: str | None = Field(validation_alias="latest_status")
    status_basis: str | None
    status_as_of: date | None
    status_as_of_precision: str | None
    bucket: str
    in_population: bool
    demo: bool


class Projects(BaseModel):
    items: list[Project]


class Changes(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title_de: str | None = Field(None, max_length=300)
    title_en: str | None = Field(None, max_length=300)
    evidence: str | None = Field(None, max_length=1000)
    weight: int | None = Field(None, ge=1, le=100)


class Milestone(Record):
    code: str
    title_de: str
    title_en: str | None
    kind: str
    phase: str
    baseline_on: date | None
    baseline_on_precision: str
    achieved_on: date | None
    achieved_on_precision: str
    season: str | None
    status: str
    evidence: str | None
    weight: int
    reportable: bool
    basis: str
    source_url: str | None


class Group(BaseModel):
    action_field: str | None
    level: str | None
    year: int | None


class Numbers(BaseModel):
    amount: Decimal | None
    lines: str | None
    lines_count: int


class Applied(Numbers):
    lines_without_amount: int
    lines_without_day: int


class Approved(Applied):
    exact: Decimal
    lines_not_exact: int


class PaidOut(Numbers):
    lines_without_payments: int
    payments_known_until: date | None


class ToFlow(Numbers):
    lapsed: Decimal | None
    overpaid: Decimal | None


class Total(BaseModel):
    applied: Applied
    approved: Approved
    paid_out: PaidOut
    to_flow: ToFlow
    planned: Numbers


class Cell(Total):
    group: Group


class Summary(BaseModel):
    revision: int
    valid_on: str
    known_at: str
    group_by: list[str]
    items: list[Cell]
    total: Total
