"""The loop of bad ratings: the policies in force, handlings with their limits and deeds, and what is to be told."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "policies",
        sa.Column("version", sa.String(length=16), nullable=False),
        sa.Column("policy", sa.String(length=40), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("handed_down", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_policies")),
    )
    op.create_table(
        "handlings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rating", sa.BigInteger(), nullable=False),
        sa.Column("hall", sa.String(length=20), nullable=False),
        sa.Column("case_no", sa.String(length=64), nullable=True),
        sa.Column("service_no", sa.Integer(), nullable=True),
        sa.Column("window", sa.String(length=64), nullable=True),
        sa.Column("org", sa.String(length=64), nullable=False),
        sa.Column("staff", sa.String(length=64), nullable=True),
        sa.Column("policy_version", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("owner", sa.String(length=20), nullable=True),
        sa.Column("due_ms", sa.BigInteger(), nullable=True),
        sa.Column("due_timer", sa.String(length=60), nullable=True),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.Column("told_ms", sa.BigInteger(), nullable=True),
        sa.Column("confirmed_ms", sa.BigInteger(), nullable=True),
        sa.Column("closed_ms", sa.BigInteger(), nullable=True),
        sa.Column("adopted", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["policy_version"], ["policies.version"], name=op.f("fk_handlings_policy_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handlings")),
        sa.UniqueConstraint("rating", name=op.f("uq_handlings_rating")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_handlings_due", "handlings", ["state", "due_ms"])
    op.create_index("ix_handlings_queue", "handlings", ["org", "state", "due_ms"])
    op.create_index("ix_handlings_service", "handlings", ["hall", "case_no"])
    op.create_index("ix_handlings_staff", "handlings", ["hall", "staff", "confirmed_ms"])
    op.create_table(
        "deeds",
        sa.Column("handling", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("party", sa.String(length=20), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("org", sa.String(length=64), nullable=False),
        sa.Column("before", sa.String(length=20), nullable=True),
        sa.Column("after", sa.String(length=20), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.Column("request", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["handling"], ["handlings.id"], name=op.f("fk_deeds_handling")),
        sa.PrimaryKeyConstraint("handling", "number", name=op.f("pk_deeds")),
        sa.UniqueConstraint("handling", "request", name=op.f("uq_deeds_handling_request")),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("handling", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("party", sa.String(length=20), nullable=False),
        sa.Column("about", sa.String(length=20), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("sent_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["handling"], ["handlings.id"], name=op.f("fk_notices_handling")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_notices_handling", "notices", ["handling"])
    op.create_table(
        "timers",
        sa.Column("handling", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("timer", sa.String(length=60), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("fires", sa.String(length=20), nullable=False),
        sa.Column("deadline", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("fired_ms", sa.BigInteger(), nullable=True),
        sa.Column("stopped_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["handling"], ["handlings.id"], name=op.f("fk_timers_handling")),
        sa.PrimaryKeyConstraint("handling", "timer", "start_ms", name=op.f("pk_timers")),
    )
    op.create_index("ix_timers_due", "timers", ["stopped_ms", "fired_ms", "due_ms"])
    op.add_column("ratings", sa.Column("adopted", sa.Boolean(), server_default=sa.true(), nullable=False))


def downgrade() -> None:
    op.drop_column("ratings", "adopted")
    for table in ("timers", "notices", "deeds", "handlings", "policies"):
        op.drop_table(table)
