"""Reservations are found by their token."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_index("ix_reservations_token", "reservations", ["token"])


def downgrade() -> None:
    op.drop_index("ix_reservations_token", table_name="reservations")
