"""The first tables, the broker's own, and the system itself as the author of what no person did."""

import sqlalchemy as sa
from alembic import op
from dramatiq_postgres.schema import generate_init_sql
from sqlalchemy.dialects import postgresql

SYSTEM = "INSERT INTO person (id, login, name, roles, active, failed_tries) VALUES (1, 'system', '系统', '[\"system\"]', true, 0)"

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def broker_tables() -> list[str]:
    """The broker's own script, without comments, a statement at a time."""
    script = "\n".join(line.split("--")[0] for line in generate_init_sql().splitlines())
    return [statement for statement in script.split(";") if statement.strip()]


def upgrade() -> None:
    op.create_table(
        "area",
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("parent_code", sa.String(length=12), nullable=True),
        sa.Column("level", sa.String(length=12), nullable=False),
        sa.Column("aliases", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["parent_code"], ["area.code"], name=op.f("fk_area_parent_code")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_area")),
    )
    op.create_index(op.f("ix_area_parent_code"), "area", ["parent_code"], unique=False)
    op.create_table(
        "calendar_version",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_version")),
    )
    op.create_index("ix_calendar_version_latest", "calendar_version", ["name", "id"], unique=False)
    op.create_table(
        "department",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("short", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("area_code", sa.String(), nullable=True),
        sa.Column("parent_code", sa.String(length=40), nullable=True),
        sa.Column("duties", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["parent_code"], ["department.code"], name=op.f("fk_department_parent_code")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_department")),
    )
    op.create_index(op.f("ix_department_parent_code"), "department", ["parent_code"], unique=False)
    op.create_table(
        "item",
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("parent_code", sa.String(length=12), nullable=True),
        sa.Column("level", sa.BigInteger(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["parent_code"], ["item.code"], name=op.f("fk_item_parent_code")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_item")),
    )
    op.create_index(op.f("ix_item_parent_code"), "item", ["parent_code"], unique=False)
    op.create_table(
        "policy_version",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_version")),
    )
    op.create_index("ix_policy_version_latest", "policy_version", ["name", "id"], unique=False)
    op.create_table(
        "timer",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("clock", sa.String(length=20), nullable=False),
        sa.Column("round", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("original_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("warn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("limit", sa.String(length=30), nullable=False),
        sa.Column("own_limit", sa.Boolean(), nullable=False),
        sa.Column("rule", sa.String(length=120), nullable=False),
        sa.Column("policy_version", sa.BigInteger(), nullable=False),
        sa.Column("calendar_version", sa.BigInteger(), nullable=False),
        sa.Column("steps", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("next_step", sa.SmallInteger(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pauses", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("extensions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timer")),
        sa.UniqueConstraint("subject", "clock", "round", name=op.f("uq_timer_subject_clock_round")),
    )
    op.create_index("ix_timer_due", "timer", ["due_at"], unique=False, postgresql_where=sa.text("stopped_at IS NULL"))
    op.create_index("ix_timer_next", "timer", ["next_at", "id"], unique=False, postgresql_where=sa.text("next_at IS NOT NULL"))
    op.create_table(
        "person",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("login", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("roles", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("department_code", sa.String(length=40), nullable=True),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("failed_tries", sa.BigInteger(), nullable=False),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["department_code"], ["department.code"], name=op.f("fk_person_department_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("login", name=op.f("uq_person_login")),
    )
    op.create_index(op.f("ix_person_department_code"), "person", ["department_code"], unique=False)
    op.create_table(
        "responsibility",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("item_code", sa.String(length=12), nullable=False),
        sa.Column("area_code", sa.String(length=12), nullable=True),
        sa.Column("lead", sa.String(length=40), nullable=False),
        sa.Column("co_handlers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_responsibility_area_code")),
        sa.ForeignKeyConstraint(["item_code"], ["item.code"], name=op.f("fk_responsibility_item_code")),
        sa.ForeignKeyConstraint(["lead"], ["department.code"], name=op.f("fk_responsibility_lead")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_responsibility")),
    )
    op.create_index("ix_responsibility_item_area", "responsibility", ["item_code", "area_code"], unique=False)
    op.create_table(
        "answered",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_answered_person_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person_id", "key", name=op.f("pk_answered")),
    )
    op.create_index(op.f("ix_answered_at"), "answered", ["at"], unique=False)
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("subject_kind", sa.String(length=20), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("relayed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_event_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    op.create_index("ix_event_subject", "event", ["subject_kind", "subject_id", "id"], unique=False)
    op.create_index("ix_event_to_relay", "event", ["id"], unique=False, postgresql_where=sa.text("relayed_at IS NULL"))
    op.create_table(
        "sign_in",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_sign_in_person_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sign_in")),
    )
    op.create_index(op.f("ix_sign_in_expires_at"), "sign_in", ["expires_at"], unique=False)
    op.create_index(op.f("ix_sign_in_person_id"), "sign_in", ["person_id"], unique=False)
    op.create_table(
        "ticket",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("query_code", sa.String(length=6), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "filed",
                "dispatched",
                "handling",
                "returning",
                "resolved",
                "revisiting",
                "closed",
                "archived",
                name="state",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("round", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "inquiry",
                "help",
                "complaint",
                "report",
                "suggestion",
                "praise",
                "stuck",
                "fault",
                name="kind",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("alarms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("item_code", sa.String(length=12), nullable=True),
        sa.Column("area_code", sa.String(length=12), nullable=True),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("wants", sa.String(), nullable=False),
        sa.Column("caller_name", sa.LargeBinary(), nullable=True),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("phone_hash", sa.String(length=64), nullable=True),
        sa.Column("confidentiality", sa.String(length=12), nullable=False),
        sa.Column("burden", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("filed_by_id", sa.BigInteger(), nullable=False),
        sa.Column("lead_code", sa.String(length=40), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("warn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("returns", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.String(length=12), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("suggestion", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("solved", sa.String(length=12), nullable=True),
        sa.Column("satisfied", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("confidentiality in ('open', 'confidential', 'anonymous')", name=op.f("ck_ticket_confidentiality")),
        sa.CheckConstraint(
            "lead_code is not null or state not in ('dispatched', 'handling', 'returning', 'resolved')", name=op.f("ck_ticket_out_has_lead")
        ),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_ticket_area_code")),
        sa.ForeignKeyConstraint(["filed_by_id"], ["person.id"], name=op.f("fk_ticket_filed_by_id")),
        sa.ForeignKeyConstraint(["item_code"], ["item.code"], name=op.f("fk_ticket_item_code")),
        sa.ForeignKeyConstraint(["lead_code"], ["department.code"], name=op.f("fk_ticket_lead_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket")),
        sa.UniqueConstraint("number", name=op.f("uq_ticket_number")),
        sa.UniqueConstraint("query_code", name=op.f("uq_ticket_query_code")),
    )
    op.create_index(op.f("ix_ticket_area_code"), "ticket", ["area_code"], unique=False)
    op.create_index(
        "ix_ticket_desk", "ticket", ["state", "due_at", "id"], unique=False, postgresql_where=sa.text("state not in ('closed', 'archived')")
    )
    op.create_index(op.f("ix_ticket_item_code"), "ticket", ["item_code"], unique=False)
    op.create_index("ix_ticket_phone", "ticket", ["phone_hash", "id"], unique=False, postgresql_where=sa.text("phone_hash is not null"))
    op.create_table(
        "call",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("declared", sa.String(length=20), nullable=True),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("auto", sa.Boolean(), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_by_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("waiting", "transcribed", "silent", "failed", "filed", name="callstate", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("problem_code", sa.String(length=40), nullable=True),
        sa.Column("duration", sa.Double(), nullable=True),
        sa.Column("transcript", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("transcribed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["received_by_id"], ["person.id"], name=op.f("fk_call_received_by_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_call_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call")),
        sa.UniqueConstraint("sha256", name=op.f("uq_call_sha256")),
        sa.UniqueConstraint("ticket_id", name=op.f("uq_call_ticket_id")),
    )
    op.create_index("ix_call_desk", "call", ["id"], unique=False, postgresql_where=sa.text("state <> 'filed'"))
    op.create_table(
        "claim",
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("job", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_claim_event_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("event_id", "job", name=op.f("pk_claim")),
    )
    op.create_table(
        "leg",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("department_code", sa.String(length=40), nullable=False),
        sa.Column("lead", sa.Boolean(), nullable=False),
        sa.Column("round", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "filed",
                "dispatched",
                "handling",
                "returning",
                "resolved",
                "revisiting",
                "closed",
                "archived",
                name="state",
                native_enum=False,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("forced", sa.Boolean(), nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("dispatched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("return_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("warn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("return_reason", sa.String(), nullable=True),
        sa.Column("return_basis", sa.String(), nullable=True),
        sa.Column("return_suggests", sa.String(length=40), nullable=True),
        sa.Column("result", sa.String(length=20), nullable=True),
        sa.Column("reply", sa.String(), nullable=True),
        sa.Column("contacted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=12), nullable=True),
        sa.ForeignKeyConstraint(["department_code"], ["department.code"], name=op.f("fk_leg_department_code")),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_leg_owner_id")),
        sa.ForeignKeyConstraint(["return_suggests"], ["department.code"], name=op.f("fk_leg_return_suggests")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_leg_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leg")),
    )
    op.create_index("ix_leg_inbox", "leg", ["department_code", "due_at", "id"], unique=False, postgresql_where=sa.text("ended_at is null"))
    op.create_index(op.f("ix_leg_ticket_id"), "leg", ["ticket_id"], unique=False)
    op.create_index("uq_leg_one_lead", "leg", ["ticket_id"], unique=True, postgresql_where=sa.text("lead and ended_at is null"))
    op.create_index(
        "uq_leg_one_per_department", "leg", ["ticket_id", "department_code"], unique=True, postgresql_where=sa.text("ended_at is null")
    )
    op.create_table(
        "revisit",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("round", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("contacted", sa.Boolean(), nullable=True),
        sa.Column("solved", sa.String(length=12), nullable=True),
        sa.Column("satisfied", sa.BigInteger(), nullable=True),
        sa.Column("comment", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_revisit_by_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_revisit_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revisit")),
    )
    op.create_index(op.f("ix_revisit_ticket_id"), "revisit", ["ticket_id"], unique=False)
    op.create_table(
        "discipline_case",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("leg_id", sa.BigInteger(), nullable=False),
        sa.Column("department_code", sa.String(length=40), nullable=False),
        sa.Column(
            "state",
            sa.Enum("proposed", "explained", "transferred", "withdrawn", "concluded", name="casestate", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("trigger", sa.String(length=40), nullable=False),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("statement_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("statement", sa.String(), nullable=True),
        sa.Column("statement_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decision", sa.String(), nullable=True),
        sa.Column("transferred_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("conclusion", sa.String(), nullable=True),
        sa.Column("concluded_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["decided_by_id"], ["person.id"], name=op.f("fk_discipline_case_decided_by_id")),
        sa.ForeignKeyConstraint(["department_code"], ["department.code"], name=op.f("fk_discipline_case_department_code")),
        sa.ForeignKeyConstraint(["leg_id"], ["leg.id"], name=op.f("fk_discipline_case_leg_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_discipline_case_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discipline_case")),
    )
    op.create_index(op.f("ix_discipline_case_department_code"), "discipline_case", ["department_code"], unique=False)
    op.create_index(
        "ix_discipline_case_queue",
        "discipline_case",
        ["state", "id"],
        unique=False,
        postgresql_where=sa.text("state not in ('withdrawn', 'concluded')"),
    )
    op.create_index(op.f("ix_discipline_case_ticket_id"), "discipline_case", ["ticket_id"], unique=False)
    op.create_index("uq_discipline_case_leg", "discipline_case", ["leg_id"], unique=True)
    op.execute(SYSTEM)
    op.execute("SELECT setval(pg_get_serial_sequence('person', 'id'), 1)")
    for statement in broker_tables():
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP SCHEMA dramatiq CASCADE")
    op.drop_index("uq_discipline_case_leg", table_name="discipline_case")
    op.drop_index(op.f("ix_discipline_case_ticket_id"), table_name="discipline_case")
    op.drop_index(
        "ix_discipline_case_queue", table_name="discipline_case", postgresql_where=sa.text("state not in ('withdrawn', 'concluded')")
    )
    op.drop_index(op.f("ix_discipline_case_department_code"), table_name="discipline_case")
    op.drop_table("discipline_case")
    op.drop_index(op.f("ix_revisit_ticket_id"), table_name="revisit")
    op.drop_table("revisit")
    op.drop_index("uq_leg_one_per_department", table_name="leg", postgresql_where=sa.text("ended_at is null"))
    op.drop_index("uq_leg_one_lead", table_name="leg", postgresql_where=sa.text("lead and ended_at is null"))
    op.drop_index(op.f("ix_leg_ticket_id"), table_name="leg")
    op.drop_index("ix_leg_inbox", table_name="leg", postgresql_where=sa.text("ended_at is null"))
    op.drop_table("leg")
    op.drop_table("claim")
    op.drop_index("ix_call_desk", table_name="call", postgresql_where=sa.text("state <> 'filed'"))
    op.drop_table("call")
    op.drop_index("ix_ticket_phone", table_name="ticket", postgresql_where=sa.text("phone_hash is not null"))
    op.drop_index(op.f("ix_ticket_item_code"), table_name="ticket")
    op.drop_index("ix_ticket_desk", table_name="ticket", postgresql_where=sa.text("state not in ('closed', 'archived')"))
    op.drop_index(op.f("ix_ticket_area_code"), table_name="ticket")
    op.drop_table("ticket")
    op.drop_index(op.f("ix_sign_in_person_id"), table_name="sign_in")
    op.drop_index(op.f("ix_sign_in_expires_at"), table_name="sign_in")
    op.drop_table("sign_in")
    op.drop_index("ix_event_to_relay", table_name="event", postgresql_where=sa.text("relayed_at IS NULL"))
    op.drop_index("ix_event_subject", table_name="event")
    op.drop_table("event")
    op.drop_index(op.f("ix_answered_at"), table_name="answered")
    op.drop_table("answered")
    op.drop_index("ix_responsibility_item_area", table_name="responsibility")
    op.drop_table("responsibility")
    op.drop_index(op.f("ix_person_department_code"), table_name="person")
    op.drop_table("person")
    op.drop_index("ix_timer_next", table_name="timer", postgresql_where=sa.text("next_at IS NOT NULL"))
    op.drop_index("ix_timer_due", table_name="timer", postgresql_where=sa.text("stopped_at IS NULL"))
    op.drop_table("timer")
    op.drop_index("ix_policy_version_latest", table_name="policy_version")
    op.drop_table("policy_version")
    op.drop_index(op.f("ix_item_parent_code"), table_name="item")
    op.drop_table("item")
    op.drop_index(op.f("ix_department_parent_code"), table_name="department")
    op.drop_table("department")
    op.drop_index("ix_calendar_version_latest", table_name="calendar_version")
    op.drop_table("calendar_version")
    op.drop_index(op.f("ix_area_parent_code"), table_name="area")
    op.drop_table("area")
