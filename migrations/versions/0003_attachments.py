"""attachments"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "upload",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media", sa.String(length=100), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_upload_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
    )
    op.create_index(op.f("ix_upload_at"), "upload", ["at"], unique=False)
    op.create_index(op.f("ix_upload_by_id"), "upload", ["by_id"], unique=False)
    op.create_index(op.f("ix_upload_sha256"), "upload", ["sha256"], unique=False)
    op.create_table(
        "attachment",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media", sa.String(length=100), nullable=False),
        sa.Column("department_code", sa.String(length=40), nullable=True),
        sa.Column("again_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["again_id"], ["attachment.id"], name=op.f("fk_attachment_again_id")),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_attachment_by_id")),
        sa.ForeignKeyConstraint(["department_code"], ["department.code"], name=op.f("fk_attachment_department_code")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_attachment_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
    )
    op.create_index(op.f("ix_attachment_sha256"), "attachment", ["sha256"], unique=False)
    op.create_index("ix_attachment_ticket", "attachment", ["ticket_id", "id"], unique=False)


    op.create_index("ix_ticket_concerns", "ticket", ["concerns_id"], unique=False, postgresql_where=sa.text("concerns_id is not null"))
    op.create_index(
        "ix_ticket_concerns_name", "ticket", ["concerns_name"], unique=False, postgresql_where=sa.text("concerns_id is null and concerns_name <> ''")
    )


def downgrade() -> None:
    op.drop_index("ix_ticket_concerns_name", table_name="ticket", postgresql_where=sa.text("concerns_id is null and concerns_name <> ''"))
    op.drop_index("ix_ticket_concerns", table_name="ticket", postgresql_where=sa.text("concerns_id is not null"))
    op.drop_index("ix_attachment_ticket", table_name="attachment")
    op.drop_index(op.f("ix_attachment_sha256"), table_name="attachment")
    op.drop_table("attachment")
    op.drop_index(op.f("ix_upload_sha256"), table_name="upload")
    op.drop_index(op.f("ix_upload_by_id"), table_name="upload")
    op.drop_index(op.f("ix_upload_at"), table_name="upload")
    op.drop_table("upload")
