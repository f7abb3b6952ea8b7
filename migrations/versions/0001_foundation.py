"""The foundation: history, access, taxonomy, organisations, projects, funding, milestones."""

import sqlalchemy as sa
from alembic import op

from portfolio.core.schema_types import drop_insert_only, identifier, instant, make_insert_only, sort_key

revision = "0001_foundation"
down_revision = None
branch_labels = None
depends_on = None


INSERT_ONLY = ("revision", "change", "ledger_entry", "milestone_forecast")


def upgrade() -> None:
    op.create_table(
        "action_field",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title_de", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("short_title_de", sa.Text(), nullable=False),
        sa.Column("short_title_en", sa.Text(), nullable=False),
        sa.Column("title_en_progress_report", sa.Text(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("id", identifier(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_field")),
        sa.UniqueConstraint("code", name=op.f("uq_action_field_code")),
    )
    op.create_table(
        "actor",
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("erased_at", instant(), nullable=True),
        sa.PrimaryKeyConstraint("actor_id", name=op.f("pk_actor")),
    )
    op.create_table(
        "decision",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("decided_on_precision", sa.Text(), nullable=False),
        sa.Column("title_de", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=True),
        sa.Column("reason_de", sa.Text(), nullable=True),
        sa.Column("reason_en", sa.Text(), nullable=True),
        sa.Column("agreed_with", sa.Text(), nullable=True),
        sa.Column("source_url", sa.Text(), nullable=True),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("id", identifier(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_decision_decided_on"), ["decided_on"], unique=False)

    op.create_table(
        "funding_programme",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title_de", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=True),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("fund", sa.Text(), nullable=True),
        sa.Column("period_from_on", sa.Date(), nullable=True),
        sa.Column("period_to_on", sa.Date(), nullable=True),
        sa.Column("legal_basis", sa.Text(), nullable=True),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=True),
        sa.Column("source_url", sa.Text(), nullable=True),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("id", identifier(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_funding_programme")),
        sa.UniqueConstraint("code", name=op.f("uq_funding_programme_code")),
    )
    op.create_table(
        "log_head",
        sa.Column("one", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.Column("last_leaf", sa.LargeBinary(), nullable=False),
        sa.Column("last_at", sa.Text(), nullable=False),
        sa.CheckConstraint("one = 1", name=op.f("ck_log_head_one_row")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_log_head")),
    )
    op.create_table(
        "organisation",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_de", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column("name_sort", sort_key(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("period_covered", sa.Text(), nullable=True),
        sa.Column("source_url", sa.Text(), nullable=True),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("id", identifier(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.CheckConstraint("valid_to IS NULL OR valid_from < valid_to", name=op.f("ck_organisation_valid_period")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
        sa.UniqueConstraint("code", name=op.f("uq_organisation_code")),
    )
    with op.batch_alter_table("organisation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_organisation_name_sort"), ["name_sort"], unique=False)

    op.create_table(
        "programme",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_de", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("motto", sa.Text(), nullable=False),
        sa.Column("goal_de", sa.Text(), nullable=False),
        sa.Column("goal_en", sa.Text(), nullable=False),
        sa.Column("phases", sa.Text(), nullable=False),
        sa.Column("pillars", sa.Text(), nullable=False),
        sa.Column("participation", sa.Text(), nullable=False),
        sa.Column("events", sa.Text(), nullable=False),
        sa.Column("official_counts", sa.Text(), nullable=False),
        sa.Column("amounts", sa.Text(), nullable=False),
        sa.Column("advisory_board", sa.Text(), nullable=False),
        sa.Column("responsible_offices", sa.Text(), nullable=False),
        sa.Column("not_matched", sa.Text(), nullable=False),
        sa.Column("id", identifier(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programme")),
        sa.UniqueConstraint("code", name=op.f("uq_programme_code")),
    )
    op.create_table(
        "revision",
        sa.Column("rev", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("header", sa.Text(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("rev >= 1", name=op.f("ck_revision_counts_from_one")),
        sa.PrimaryKeyConstraint("rev", name=op.f("pk_revision")),
        info={"insert_only": True},
    )
    op.create_table(
        "theme_forum",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("number_basis", sa.Text(), nullable=False),
        sa.Column("title_de", sa.Text(), nullable=True),
        sa.Column("title_en", sa.Text(), nullable=True),
        sa.Column("lead_ministry", sa.Text(), nullable=True),
        sa.Column("moderators", sa.Text(), nullable=False),
        sa.Column("event_dates", sa.Text(), nullable=False),
        sa.Column("proposals_stated", sa.Integer(), nullable=True),
        sa.Column("proposals_minimum", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("source_url", sa.Text(), nullable=True),
        sa.Column("id", identifier(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_theme_forum")),
        sa.UniqueConstraint("number", name=op.f("uq_theme_forum_number")),
    )
    op.create_table(
        "api_key",
        sa.Column("id", identifier(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=True),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("expires_at", instant(), nullable=True),
        sa.Column("revoked_at", instant(), nullable=True),
        sa.Column("last_used_at", instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["actor.actor_id"], name=op.f("fk_api_key_actor_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("prefix", name=op.f("uq_api_key_prefix")),
    )
    with op.batch_alter_table("api_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_api_key_actor_id"), ["actor_id"], unique=False)

    op.create_table(
        "change",
        sa.Column("rev", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["rev"], ["revision.rev"], name=op.f("fk_change_rev"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("rev", "seq", name=op.f("pk_change")),
        info={"insert_only": True},
    )
    with op.batch_alter_table("change", schema=None) as batch_op:
        batch_op.create_index("ix_change_entity", ["entity", "entity_id", sa.literal_column("rev DESC")], unique=False)

    op.create_table(
        "organisation_succession",
        sa.Column("organisation_id", identifier(), nullable=False),
        sa.Column("successor_id", identifier(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("source_url", sa.Text(), nullable=True),
        sa.Column("id", identifier(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_organisation_succession_organisation_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["successor_id"],
            ["organisation.id"],
            name=op.f("fk_organisation_succession_successor_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation_succession")),
        sa.UniqueConstraint(
            "organisation_id", "successor_id", name=op.f("uq_organisation_succession_organisation_id_successor_id")
        ),
    )
    with op.batch_alter_table("organisation_succession", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_organisation_succession_organisation_id"), ["organisation_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_organisation_succession_successor_id"), ["successor_id"], unique=False)

    op.create_table(
        "project",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("code_basis", sa.Text(), nullable=True),
        sa.Column("proposal_number", sa.Integer(), nullable=True),
        sa.Column("title_de", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=True),
        sa.Column("title_known", sa.Boolean(), nullable=False),
        sa.Column("title_aliases", sa.Text(), nullable=False),
        sa.Column("title_sort", sort_key(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("summary_de", sa.Text(), nullable=True),
        sa.Column("summary_en", sa.Text(), nullable=True),
        sa.Column("summary_basis", sa.Text(), nullable=True),
        sa.Column("pillar", sa.Integer(), nullable=False),
        sa.Column("theme_forum_id", identifier(), nullable=True),
        sa.Column("theme_forum_basis", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("planned_start_on", sa.Date(), nullable=True),
        sa.Column("planned_end_on", sa.Date(), nullable=True),
        sa.Column("actual_start_on", sa.Date(), nullable=True),
        sa.Column("actual_end_on", sa.Date(), nullable=True),
        sa.Column("locations", sa.Text(), nullable=False),
        sa.Column("list_confidence", sa.Text(), nullable=True),
        sa.Column("components", sa.Text(), nullable=False),
        sa.Column("sources", sa.Text(), nullable=False),
        sa.Column("source_notes", sa.Text(), nullable=True),
        sa.Column("internal_note", sa.Text(), nullable=True),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("id", identifier(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["theme_forum_id"], ["theme_forum.id"], name=op.f("fk_project_theme_forum_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project")),
        sa.UniqueConstraint("code", name=op.f("uq_project_code")),
        sa.UniqueConstraint("slug", name=op.f("uq_project_slug")),
    )
    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_project_theme_forum_id"), ["theme_forum_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_project_title_sort"), ["title_sort"], unique=False)

    op.create_table(
        "redactable",
        sa.Column("rev", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["rev"], ["revision.rev"], name=op.f("fk_redactable_rev"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("rev", "seq", "path", name=op.f("pk_redactable")),
    )
    op.create_table(
        "application",
        sa.Column("project_id", identifier(), nullable=False),
        sa.Column("programme_id", identifier(), nullable=True),
        sa.Column("level", sa.Text(), nullable=True),
        sa.Column("applicant_id", identifier(), nullable=True),
        sa.Column("recipient_text", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("file_reference", sa.Text(), nullable=True),
        sa.Column("requested_amount", sa.BigInteger(), nullable=True),
        sa.Column("eligible_cost", sa.BigInteger(), nullable=True),
        sa.Column("requested_rate", sa.Integer(), nullable=True),
        sa.Column("submitted_on", sa.Date(), nullable=True),
        sa.Column("submitted_on_precision", sa.Text(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("decided_on_precision", sa.Text(), nullable=False),
        sa.Column("counts_from_on", sa.Date(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("source_url", sa.Text(), nullable=True),
        sa.Column("id", identifier(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["applicant_id"], ["organisation.id"], name=op.f("fk_application_applicant_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["funding_programme.id"], name=op.f("fk_application_programme_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_application_project_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application")),
    )
    with op.batch_alter_table("application", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_application_applicant_id"), ["applicant_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_application_counts_from_on"), ["counts_from_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_application_programme_id"), ["programme_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_application_project_id"), ["project_id"], unique=False)

    op.create_table(
        "assignment",
        sa.Column("project_id", identifier(), nullable=False),
        sa.Column("action_field_id", identifier(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=True),
        sa.Column("decision_id", identifier(), nullable=True),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("source_url", sa.Text(), nullable=True),
        sa.Column("id", identifier(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.CheckConstraint("to_on IS NULL OR from_on < to_on", name=op.f("ck_assignment_period")),
        sa.ForeignKeyConstraint(
            ["action_field_id"], ["action_field.id"], name=op.f("fk_assignment_action_field_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["decision.id"], name=op.f("fk_assignment_decision_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_assignment_project_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
        sa.UniqueConstraint("project_id", "from_on", name=op.f("uq_assignment_project_id_from_on")),
    )
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_assignment_action_field_id"), ["action_field_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_assignment_decision_id"), ["decision_id"], unique=False)

    op.create_table(
        "decision_effect",
        sa.Column("decision_id", identifier(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("project_id", identifier(), nullable=False),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.Column("from_value", sa.Text(), nullable=True),
        sa.Column("to_value", sa.Text(), nullable=True),
        sa.Column("basis", sa.Text(), nullable=True),
        sa.Column("source_url", sa.Text(), nullable=True),
        sa.Column("id", identifier(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["decision.id"], name=op.f("fk_decision_effect_decision_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_decision_effect_project_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision_effect")),
        sa.UniqueConstraint("decision_id", "position", name=op.f("uq_decision_effect_decision_id_position")),
    )
    with op.batch_alter_table("decision_effect", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_decision_effect_project_id"), ["project_id"], unique=False)

    op.create_table(
        "funding_statement",
        sa.Column("project_id", identifier(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=True),
        sa.Column("programme_id", identifier(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("qualifier", sa.Text(), nullable=True),
        sa.Column("scope", sa.Text(), nullable=True),
        sa.Column("total_cost", sa.BigInteger(), nullable=True),
        sa.Column("stated_on", sa.Date(), nullable=True),
        sa.Column("stated_on_precision", sa.Text(), nullable=False),
        sa.Column("period_from_on", sa.Date(), nullable=True),
        sa.Column("period_from_on_precision", sa.Text(), nullable=False),
        sa.Column("period_to_on", sa.Date(), nullable=True),
        sa.Column("period_to_on_precision", sa.Text(), nullable=False),
        sa.Column("recipient_text", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("source_url", sa.Text(), nullable=True),
        sa.Column("id", identifier(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"],
            ["funding_programme.id"],
            name=op.f("fk_funding_statement_programme_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_funding_statement_project_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_funding_statement")),
    )
    with op.batch_alter_table("funding_statement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_funding_statement_programme_id"), ["programme_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_funding_statement_project_id"), ["project_id"], unique=False)

    op.create_table(
        "milestone",
        sa.Column("project_id", identifier(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title_de", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("baseline_on", sa.Date(), nullable=True),
        sa.Column("baseline_on_precision", sa.Text(), nullable=False),
        sa.Column("achieved_on", sa.Date(), nullable=True),
        sa.Column("achieved_on_precision", sa.Text(), nullable=False),
        sa.Column("season", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("reportable", sa.Boolean(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("source_url", sa.Text(), nullable=True),
        sa.Column("id", identifier(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_milestone_project_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_milestone")),
        sa.UniqueConstraint("project_id", "code", name=op.f("uq_milestone_project_id_code")),
    )
    with op.batch_alter_table("milestone", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_milestone_achieved_on"), ["achieved_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_milestone_baseline_on"), ["baseline_on"], unique=False)

    op.create_table(
        "project_former_slug",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("project_id", identifier(), nullable=False),
        sa.Column("id", identifier(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_project_former_slug_project_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_former_slug")),
        sa.UniqueConstraint("slug", name=op.f("uq_project_former_slug_slug")),
    )
    with op.batch_alter_table("project_former_slug", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_project_former_slug_project_id"), ["project_id"], unique=False)

    op.create_table(
        "project_role",
        sa.Column("project_id", identifier(), nullable=False),
        sa.Column("organisation_id", identifier(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=True),
        sa.Column("to_on", sa.Date(), nullable=True),
        sa.Column("decision_id", identifier(), nullable=True),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("id", identifier(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.CheckConstraint("to_on IS NULL OR from_on < to_on", name=op.f("ck_project_role_period")),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["decision.id"], name=op.f("fk_project_role_decision_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_project_role_organisation_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_project_role_project_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_role")),
    )
    with op.batch_alter_table("project_role", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_project_role_decision_id"), ["decision_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_project_role_organisation_id"), ["organisation_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_project_role_project_id"), ["project_id"], unique=False)

    op.create_table(
        "project_status_change",
        sa.Column("project_id", identifier(), nullable=False),
        sa.Column("decision_id", identifier(), nullable=True),
        sa.Column("merged_into_id", identifier(), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("from_status", sa.Text(), nullable=True),
        sa.Column("to_status", sa.Text(), nullable=False),
        sa.Column("changed_on", sa.Date(), nullable=True),
        sa.Column("changed_on_precision", sa.Text(), nullable=False),
        sa.Column("holds_from_on", sa.Date(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("source_url", sa.Text(), nullable=True),
        sa.Column("id", identifier(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["decision.id"], name=op.f("fk_project_status_change_decision_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["merged_into_id"],
            ["project.id"],
            name=op.f("fk_project_status_change_merged_into_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_project_status_change_project_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_status_change")),
        sa.UniqueConstraint("project_id", "seq", name=op.f("uq_project_status_change_project_id_seq")),
    )
    with op.batch_alter_table("project_status_change", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_project_status_change_decision_id"), ["decision_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_project_status_change_merged_into_id"), ["merged_into_id"], unique=False)

    op.create_table(
        "application_status_change",
        sa.Column("application_id", identifier(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("from_status", sa.Text(), nullable=True),
        sa.Column("to_status", sa.Text(), nullable=False),
        sa.Column("changed_on", sa.Date(), nullable=True),
        sa.Column("changed_on_precision", sa.Text(), nullable=False),
        sa.Column("holds_from_on", sa.Date(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("source_url", sa.Text(), nullable=True),
        sa.Column("id", identifier(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["application.id"],
            name=op.f("fk_application_status_change_application_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_status_change")),
        sa.UniqueConstraint("application_id", "seq", name=op.f("uq_application_status_change_application_id_seq")),
    )
    op.create_table(
        "award",
        sa.Column("application_id", identifier(), nullable=False),
        sa.Column("chain_id", identifier(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("issued_on_precision", sa.Text(), nullable=False),
        sa.Column("counts_from_on", sa.Date(), nullable=False),
        sa.Column("final_on", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("settled_on", sa.Date(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("amount_qualifier", sa.Text(), nullable=True),
        sa.Column("rate", sa.Integer(), nullable=True),
        sa.Column("approval_from_on", sa.Date(), nullable=True),
        sa.Column("approval_from_on_precision", sa.Text(), nullable=False),
        sa.Column("approval_to_on", sa.Date(), nullable=True),
        sa.Column("approval_to_on_precision", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("payments_known_until", sa.Date(), nullable=True),
        sa.Column("supersedes_id", identifier(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("source_url", sa.Text(), nullable=True),
        sa.Column("id", identifier(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=op.f("fk_award_application_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["supersedes_id"], ["award.id"], name=op.f("fk_award_supersedes_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_award")),
        sa.UniqueConstraint("supersedes_id", name=op.f("uq_award_supersedes_id")),
    )
    with op.batch_alter_table("award", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_award_application_id"), ["application_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_award_chain_id"), ["chain_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_award_counts_from_on"), ["counts_from_on"], unique=False)

    op.create_table(
        "milestone_forecast",
        sa.Column("milestone_id", identifier(), nullable=False),
        sa.Column("reported_on", sa.Date(), nullable=False),
        sa.Column("forecast_on", sa.Date(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("id", identifier(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["milestone_id"], ["milestone.id"], name=op.f("fk_milestone_forecast_milestone_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_milestone_forecast")),
        sa.UniqueConstraint("milestone_id", "reported_on", name=op.f("uq_milestone_forecast_milestone_id_reported_on")),
        info={"insert_only": True},
    )
    op.create_table(
        "milestone_status_change",
        sa.Column("milestone_id", identifier(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("from_status", sa.Text(), nullable=True),
        sa.Column("to_status", sa.Text(), nullable=False),
        sa.Column("changed_on", sa.Date(), nullable=True),
        sa.Column("changed_on_precision", sa.Text(), nullable=False),
        sa.Column("holds_from_on", sa.Date(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("source_url", sa.Text(), nullable=True),
        sa.Column("id", identifier(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["milestone_id"],
            ["milestone.id"],
            name=op.f("fk_milestone_status_change_milestone_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_milestone_status_change")),
        sa.UniqueConstraint("milestone_id", "seq", name=op.f("uq_milestone_status_change_milestone_id_seq")),
    )
    op.create_table(
        "award_status_change",
        sa.Column("award_id", identifier(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("from_status", sa.Text(), nullable=True),
        sa.Column("to_status", sa.Text(), nullable=False),
        sa.Column("changed_on", sa.Date(), nullable=True),
        sa.Column("changed_on_precision", sa.Text(), nullable=False),
        sa.Column("holds_from_on", sa.Date(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("source_url", sa.Text(), nullable=True),
        sa.Column("id", identifier(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["award_id"], ["award.id"], name=op.f("fk_award_status_change_award_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_award_status_change")),
        sa.UniqueConstraint("award_id", "seq", name=op.f("uq_award_status_change_award_id_seq")),
    )
    op.create_table(
        "ledger_entry",
        sa.Column("award_id", identifier(), nullable=False),
        sa.Column("chain_id", identifier(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("paid_out", sa.BigInteger(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("value_on", sa.Date(), nullable=True),
        sa.Column("budget_year", sa.Integer(), nullable=True),
        sa.Column("payer", sa.Text(), nullable=True),
        sa.Column("payee", sa.Text(), nullable=True),
        sa.Column("document_reference", sa.Text(), nullable=True),
        sa.Column("reverses_id", identifier(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("id", identifier(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_ledger_entry_amount_positive")),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_ledger_entry_award_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["reverses_id"], ["ledger_entry.id"], name=op.f("fk_ledger_entry_reverses_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_ledger_entry_reverses_id")),
        info={"insert_only": True},
    )
    with op.batch_alter_table("ledger_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ledger_entry_award_id"), ["award_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_ledger_entry_booked_on"), ["booked_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_ledger_entry_chain_id"), ["chain_id"], unique=False)
    for table in INSERT_ONLY:
        make_insert_only(table)


def downgrade() -> None:
    for table in INSERT_ONLY:
        drop_insert_only(table)
    with op.batch_alter_table("ledger_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ledger_entry_chain_id"))
        batch_op.drop_index(batch_op.f("ix_ledger_entry_booked_on"))
        batch_op.drop_index(batch_op.f("ix_ledger_entry_award_id"))

    op.drop_table("ledger_entry")
    op.drop_table("award_status_change")
    op.drop_table("milestone_status_change")
    op.drop_table("milestone_forecast")
    with op.batch_alter_table("award", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_award_counts_from_on"))
        batch_op.drop_index(batch_op.f("ix_award_chain_id"))
        batch_op.drop_index(batch_op.f("ix_award_application_id"))

    op.drop_table("award")
    op.drop_table("application_status_change")
    with op.batch_alter_table("project_status_change", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_project_status_change_merged_into_id"))
        batch_op.drop_index(batch_op.f("ix_project_status_change_decision_id"))

    op.drop_table("project_status_change")
    with op.batch_alter_table("project_role", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_project_role_project_id"))
        batch_op.drop_index(batch_op.f("ix_project_role_organisation_id"))
        batch_op.drop_index(batch_op.f("ix_project_role_decision_id"))

    op.drop_table("project_role")
    with op.batch_alter_table("project_former_slug", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_project_former_slug_project_id"))

    op.drop_table("project_former_slug")
    with op.batch_alter_table("milestone", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_milestone_baseline_on"))
        batch_op.drop_index(batch_op.f("ix_milestone_achieved_on"))

    op.drop_table("milestone")
    with op.batch_alter_table("funding_statement", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_funding_statement_project_id"))
        batch_op.drop_index(batch_op.f("ix_funding_statement_programme_id"))

    op.drop_table("funding_statement")
    with op.batch_alter_table("decision_effect", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_decision_effect_project_id"))

    op.drop_table("decision_effect")
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_assignment_decision_id"))
        batch_op.drop_index(batch_op.f("ix_assignment_action_field_id"))

    op.drop_table("assignment")
    with op.batch_alter_table("application", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_application_project_id"))
        batch_op.drop_index(batch_op.f("ix_application_programme_id"))
        batch_op.drop_index(batch_op.f("ix_application_counts_from_on"))
        batch_op.drop_index(batch_op.f("ix_application_applicant_id"))

    op.drop_table("application")
    op.drop_table("redactable")
    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_project_title_sort"))
        batch_op.drop_index(batch_op.f("ix_project_theme_forum_id"))

    op.drop_table("project")
    with op.batch_alter_table("organisation_succession", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_organisation_succession_successor_id"))
        batch_op.drop_index(batch_op.f("ix_organisation_succession_organisation_id"))

    op.drop_table("organisation_succession")
    with op.batch_alter_table("change", schema=None) as batch_op:
        batch_op.drop_index("ix_change_entity")

    op.drop_table("change")
    with op.batch_alter_table("api_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_api_key_actor_id"))

    op.drop_table("api_key")
    op.drop_table("theme_forum")
    op.drop_table("revision")
    op.drop_table("programme")
    with op.batch_alter_table("organisation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_organisation_name_sort"))

    op.drop_table("organisation")
    op.drop_table("log_head")
    op.drop_table("funding_programme")
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_decision_decided_on"))

    op.drop_table("decision")
    op.drop_table("actor")
    op.drop_table("action_field")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change()")
