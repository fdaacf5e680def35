"""The first tables: idempotency keys, leases, carts and what changed in them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "carts",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("upstream_id", sa.String(length=128)),
        sa.Column("token_hash", sa.String(length=64)),
        sa.Column("token_key", sa.String(length=16)),
        sa.Column("owner", sa.String(length=128)),
        sa.Column("segment", sa.String(length=8), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text()),
        sa.Column("contact", sa.Text()),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.Column("active_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("intent", sa.Text()),
        sa.Column("holder", sa.String(length=32)),
        sa.Column("held_until", sa.Double()),
        sa.Column("unsettled", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_carts"),
        sa.UniqueConstraint("token_hash", name="uq_carts_token_hash"),
        sa.UniqueConstraint("upstream_id", name="uq_carts_upstream_id"),
    )
    op.create_index("ix_carts_held_until", "carts", ["held_until"])
    op.create_index("ix_carts_owner", "carts", ["owner"])
    op.create_index("ix_carts_state_expires_at", "carts", ["state", "expires_at"])
    op.create_table(
        "idempotency",
        sa.Column("scope", sa.String(length=200), nullable=False),
        sa.Column("mutation", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=36), nullable=False),
        sa.Column("body", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("holder", sa.String(length=32), nullable=False),
        sa.Column("held_until", sa.Double(), nullable=False),
        sa.Column("result", sa.Text()),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("finished_at", sa.Double()),
        sa.PrimaryKeyConstraint("scope", "mutation", "key", name="pk_idempotency"),
    )
    op.create_index("ix_idempotency_started_at", "idempotency", ["started_at"])
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("holder", sa.String(length=32), nullable=False),
        sa.Column("held_until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
    op.create_table(
        "cart_changes",
        sa.Column("cart_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("who", sa.String(length=128), nullable=False),
        sa.Column("key", sa.String(length=36)),
        sa.Column("what", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["cart_id"], ["carts.id"], name="fk_cart_changes_cart_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("cart_id", "version", name="pk_cart_changes"),
    )


def downgrade() -> None:
    op.drop_table("cart_changes")
    op.drop_table("leases")
    op.drop_index("ix_idempotency_started_at", table_name="idempotency")
    op.drop_table("idempotency")
    op.drop_index("ix_carts_state_expires_at", table_name="carts")
    op.drop_index("ix_carts_owner", table_name="carts")
    op.drop_index("ix_carts_held_until", table_name="carts")
    op.drop_table("carts")
