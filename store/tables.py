"""Every table the gateway owns. A change here needs a migration; a test compares the two.

Times are seconds since the epoch, as `kernel.clock` gives them, and end in `_at` or `_until`. Text columns without a
length hold JSON that only the room that writes them reads.
"""

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    literal_column,
    text,
)

# Named, or a later migration could not name what it drops, and SQLite and PostgreSQL would call it differently.
metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

LIVE: ColumnElement[bool] = literal_column("live")  # without a type, or it would be written as `live = 1`
"""That a row is live. SQLite uses a partial index only where its condition is repeated word for word."""

idempotency = Table(
    "idempotency",
    metadata,
    Column("scope", String(200), primary_key=True),
    Column("mutation", String(64), primary_key=True),
    Column("key", String(36), primary_key=True),
    Column("body", String(64), nullable=False),  # keyed HMAC in hex, never the body
    Column("state", String(8), nullable=False),  # running | done
    Column("holder", String(32), nullable=False),
    Column("held_until", Double, nullable=False),
    Column("result", Text),
    Column("started_at", Double, nullable=False, index=True),
    Column("finished_at", Double),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("holder", String(32), nullable=False),
    Column("held_until", Double, nullable=False),
)

carts = Table(
    "carts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("upstream_id", String(128), unique=True),
    Column("token_hash", String(64), unique=True),
    Column("token_key", String(16)),
    Column("owner", String(128), index=True),
    Column("segment", String(8), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("state", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("lines", Text, nullable=False),
    Column("etag", Text),
    Column("contact", Text),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Column("active_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("intent", Text),
    Column("holder", String(32)),
    Column("held_until", Double, index=True),
    Column("unsettled", Text, nullable=False),
    Index(None, "state", "expires_at"),
)

cart_changes = Table(
    "cart_changes",
    metadata,
    Column("cart_id", String(32), ForeignKey("carts.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("at", Double, nullable=False),
    Column("who", String(128), nullable=False),
    Column("key", String(36)),
    Column("what", Text, nullable=False),
)

# The journal of reservations. A live row is the only right to a resource: the last index makes a second one impossible,
# whatever Redis or an upstream says. `due_at` is when somebody has to look at a row.
reservations = Table(
    "reservations",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("resource", String(64), nullable=False),
    Column("upstream_id", String(128), nullable=False),
    Column("detail", Text, nullable=False),
    Column("shopper", String(160), nullable=False),
    Column("cart_id", String(32), nullable=False, index=True),
    Column("line_id", String(32)),
    Column("key", String(36), nullable=False),
    Column("token", String(32), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("live", Boolean, nullable=False),
    Column("reason", String(32), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("unknown_at", Double),
    Column("due_at", Double),
    Index(None, "shopper", "key"),
    Index(None, "due_at"),
    Index(
        "uq_reservations_live",
        "kind",
        "resource",
        unique=True,
        sqlite_where=text("live"),
        postgresql_where=text("live"),
    ),
)

# Who may act for a customer, and where the operator's systems have what belongs together. `party_kind`: individual or
# organization. Logins of invitations and all of `identities` are keyed HMACs: the database tells nobody's address.
customers = Table(
    "customers",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("segment", String(8), nullable=False),
    Column("upstream_id", String(128), nullable=False, unique=True),
    Column("party_kind", String(16), nullable=False),
    Column("party_id", String(128), nullable=False),
    Column("account_id", String(128), nullable=False),
    Column("created_at", Double, nullable=False),
)

members = Table(
    "members",
    metadata,
    Column("customer_id", String(32), ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True),
    Column("principal", String(128), primary_key=True, index=True),
    Column("role", String(8), nullable=False),
    Column("since", Double, nullable=False),
    Column("added_by", String(128), nullable=False),
)

invitations = Table(
    "invitations",
    metadata,
    Column("customer_id", String(32), ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True),
    Column("login", String(64), primary_key=True, index=True),
    Column("role", String(8), nullable=False),
    Column("invited_by", String(128), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False, index=True),
)

# What makes a second customer impossible: the first to claim a value has it. That customer may not be made yet.
identities = Table(
    "identities",
    metadata,
    Column("mac", String(64), primary_key=True),
    Column("customer_id", String(32), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("created_at", Double, nullable=False),
)

# What runs through several systems, step by step. `input` holds what people told of themselves; the end erases it.
pipelines = Table(
    "pipelines",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("input", Text),
    Column("failure", Text),
    Column("scope", String(200), nullable=False),
    Column("key", String(36), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("finished_at", Double),
    Index(None, "state", "created_at"),
)

pipeline_steps = Table(
    "pipeline_steps",
    metadata,
    Column("pipeline_id", String(32), ForeignKey("pipelines.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(32), primary_key=True),
    Column("place", Integer, nullable=False),
    Column("state", String(24), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("started_at", Double),
    Column("finished_at", Double),
    Column("result", Text),
    Column("note", Text),
)

# Numbers on their way to us. A live row is the only right to bring a number in: the last two indexes make a second one
# impossible, for a number as for a line. `version` counts the steps: who slept finds another.
port_ins = Table(
    "port_ins",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("token", String(32), nullable=False, unique=True),
    Column("msisdn", String(15), nullable=False),
    Column("cart_id", String(32), nullable=False),
    Column("line_id", String(32), nullable=False),
    Column("owner", String(128)),
    Column("scope", String(160), nullable=False),
    Column("key", String(36), nullable=False),
    Column("donor", String(100), nullable=False),
    Column("wanted_at", Double),
    Column("state", String(16), nullable=False),
    Column("live", Boolean, nullable=False),
    Column("cancelling", Boolean, nullable=False),
    Column("reason", String(32)),
    Column("provider_id", String(128), index=True),
    Column("resource_id", String(128)),
    Column("mirrored", String(16)),
    Column("scheduled_at", Double),
    Column("unknown_at", Double),
    Column("version", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Column("due_at", Double, index=True),
    Index(None, "cart_id", "line_id"),
    Index(None, "scope", "key"),
    Index("uq_port_ins_live", "msisdn", unique=True, sqlite_where=text("live"), postgresql_where=text("live")),
    Index(
        "uq_port_ins_live_line",
        "cart_id",
        "line_id",
        unique=True,
        sqlite_where=text("live"),
        postgresql_where=text("live"),
    ),
)
