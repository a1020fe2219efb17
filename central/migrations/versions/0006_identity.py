"""Identities that halls sent sealed (spec 9.6), who had one opened, and consents to hand one on."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "identities",
        sa.Column("hall", sa.String(length=20), nullable=False),
        sa.Column("case_no", sa.String(length=64), nullable=False),
        sa.Column("service_no", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("has_phone", sa.Boolean(), nullable=False),
        sa.Column("key", sa.String(length=16), nullable=True),
        sa.Column("blob", sa.LargeBinary(), nullable=True),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("erased_ms", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(blob is null) = (erased_ms is not null)", name=op.f("ck_identities_erased")),
        sa.PrimaryKeyConstraint("hall", "case_no", "service_no", "revision", name=op.f("pk_identities")),
    )
    op.create_index("ix_identities_kept", "identities", ["erased_ms", "received_ms"], unique=False)
    op.create_table(
        "reveals",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("handling", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("org", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["handling"], ["handlings.id"], name=op.f("fk_reveals_handling")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reveals")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_reveals_handling"), "reveals", ["handling"], unique=False)
    op.create_index("ix_reveals_account", "reveals", ["account", "at_ms"], unique=False)
    op.create_table(
        "consents",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hall", sa.String(length=20), nullable=False),
        sa.Column("case_no", sa.String(length=64), nullable=False),
        sa.Column("service_no", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.String(length=200), nullable=False),
        sa.Column("scope", sa.JSON(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("given_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.String(length=64), nullable=False),
        sa.Column("recorded_ms", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_consents_service", "consents", ["hall", "case_no", "service_no"], unique=False)


def downgrade() -> None:
    for table in ("consents", "reveals", "identities"):
        op.drop_table(table)
