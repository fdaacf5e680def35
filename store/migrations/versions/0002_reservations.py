"""The journal of reservations."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "reservations",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("resource", sa.String(length=64), nullable=False),
        sa.Column("upstream_id", sa.String(length=128), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("shopper", sa.String(length=160), nullable=False),
        sa.Column("cart_id", sa.String(length=32), nullable=False),
        sa.Column("line_id", sa.String(length=32)),
        sa.Column("key", sa.String(length=36), nullable=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("unknown_at", sa.Double()),
        sa.Column("due_at", sa.Double()),
        sa.PrimaryKeyConstraint("id", name="pk_reservations"),
    )
    op.create_index("ix_reservations_cart_id", "reservations", ["cart_id"])
    op.create_index("ix_reservations_due_at", "reservations", ["due_at"])
    op.create_index("ix_reservations_shopper_key", "reservations", ["shopper", "key"])
    live = sa.text("live")
    op.create_index(
        "uq_reservations_live",
        "reservations",
        ["kind", "resource"],
        unique=True,
        sqlite_where=live,
        postgresql_where=live,
    )


def downgrade() -> None:
    op.drop_table("reservations")
