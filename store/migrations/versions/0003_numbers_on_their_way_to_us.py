"""Numbers on their way to us."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "port_ins",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("msisdn", sa.String(length=15), nullable=False),
        sa.Column("cart_id", sa.String(length=32), nullable=False),
        sa.Column("line_id", sa.String(length=32), nullable=False),
        sa.Column("owner", sa.String(length=128)),
        sa.Column("scope", sa.String(length=160), nullable=False),
        sa.Column("key", sa.String(length=36), nullable=False),
        sa.Column("donor", sa.String(length=100), nullable=False),
        sa.Column("wanted_at", sa.Double()),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("cancelling", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=32)),
        sa.Column("provider_id", sa.String(length=128)),
        sa.Column("resource_id", sa.String(length=128)),
        sa.Column("mirrored", sa.String(length=16)),
        sa.Column("scheduled_at", sa.Double()),
        sa.Column("unknown_at", sa.Double()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.Column("due_at", sa.Double()),
        sa.PrimaryKeyConstraint("id", name="pk_port_ins"),
        sa.UniqueConstraint("token", name="uq_port_ins_token"),
    )
    op.create_index("ix_port_ins_cart_id_line_id", "port_ins", ["cart_id", "line_id"])
    op.create_index("ix_port_ins_due_at", "port_ins", ["due_at"])
    op.create_index("ix_port_ins_provider_id", "port_ins", ["provider_id"])
    op.create_index("ix_port_ins_scope_key", "port_ins", ["scope", "key"])
    live = sa.text("live")
    op.create_index("uq_port_ins_live", "port_ins", ["msisdn"], unique=True, sqlite_where=live, postgresql_where=live)
    op.create_index(
        "uq_port_ins_live_line",
        "port_ins",
        ["cart_id", "line_id"],
        unique=True,
        sqlite_where=live,
        postgresql_where=live,
    )


def downgrade() -> None:
    op.drop_table("port_ins")
