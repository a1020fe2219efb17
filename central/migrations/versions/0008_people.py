"""Regions, institutions, halls' places, windows and staff; accounts with their grants and sessions; the audit."""

import sqlalchemy as sa
from alembic import op

from central.database import append_only, not_append_only

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TIERS = ("nation", "system", "province", "city", "county", "town", "village")
_KINDS = ("agency", "party_body", "authorised", "centre")
_ROLES = ("staff", "handler", "reviewer", "region_admin", "supervisor", "coordinator", "auditor")
_SCOPES = ("all", "region", "org", "hall", "own")


def _one_of(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=24)


def upgrade() -> None:
    op.create_table(
        "regions",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("parent", sa.String(length=40), nullable=True),
        sa.Column("tier", _one_of("tier", *_TIERS), nullable=False),
        sa.ForeignKeyConstraint(["parent"], ["regions.id"], name=op.f("fk_regions_parent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_regions")),
    )
    op.create_index(op.f("ix_regions_parent"), "regions", ["parent"])
    op.create_table(
        "orgs",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("kind", _one_of("kind", *_KINDS), nullable=False),
        sa.Column("region", sa.String(length=40), nullable=False),
        sa.Column("contact", sa.String(length=100), nullable=True),
        sa.Column("leader", sa.String(length=100), nullable=True),
        sa.Column("collector", sa.String(length=100), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["region"], ["regions.id"], name=op.f("fk_orgs_region")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orgs")),
    )
    op.create_index(op.f("ix_orgs_region"), "orgs", ["region"])
    op.create_table(
        "places",
        sa.Column("hall", sa.String(length=20), nullable=False),
        sa.Column("region", sa.String(length=40), nullable=False),
        sa.Column("org", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["region"], ["regions.id"], name=op.f("fk_places_region")),
        sa.ForeignKeyConstraint(["org"], ["orgs.id"], name=op.f("fk_places_org")),
        sa.PrimaryKeyConstraint("hall", name=op.f("pk_places")),
    )
    op.create_index(op.f("ix_places_region"), "places", ["region"])
    op.create_table(
        "windows",
        sa.Column("hall", sa.String(length=20), nullable=False),
        sa.Column("window", sa.String(length=64), nullable=False),
        sa.Column("org", sa.String(length=40), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["org"], ["orgs.id"], name=op.f("fk_windows_org")),
        sa.PrimaryKeyConstraint("hall", "window", name=op.f("pk_windows")),
    )
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("org", sa.String(length=40), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
    )
    op.create_index(op.f("ix_accounts_org"), "accounts", ["org"])
    op.create_table(
        "staff",
        sa.Column("hall", sa.String(length=20), nullable=False),
        sa.Column("staff", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("account", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name=op.f("fk_staff_account")),
        sa.PrimaryKeyConstraint("hall", "staff", name=op.f("pk_staff")),
    )
    op.create_index(op.f("ix_staff_account"), "staff", ["account"])
    op.create_table(
        "grants",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("role", _one_of("role", *_ROLES), nullable=False),
        sa.Column("scope", _one_of("scope", *_SCOPES), nullable=False),
        sa.Column("part", sa.String(length=40), nullable=False),
        sa.Column("granted_by", sa.String(length=100), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name=op.f("fk_grants_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_grants_account"), "grants", ["account"])
    op.create_index("ix_grants_part", "grants", ["role", "part"])
    op.create_table(
        "sessions",
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name=op.f("fk_sessions_account")),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_account"), "sessions", ["account"])
    op.create_table(
        "failures",
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_failures")),
    )
    op.create_table(
        "audit",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("kind", _one_of("kind", "write", "read", "refused"), nullable=False),
        sa.Column("about", sa.String(length=200), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("prev", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit")),
        sa.UniqueConstraint("hash", name=op.f("uq_audit_hash")),
    )
    _execute(append_only("audit"))


def downgrade() -> None:
    for table in (
        "audit",
        "failures",
        "sessions",
        "grants",
        "staff",
        "accounts",
        "windows",
        "places",
        "orgs",
        "regions",
    ):
        op.drop_table(table)
    _execute(not_append_only("audit"))


def _execute(statements: list[tuple[str, str]]) -> None:
    for statement, dialect in statements:
        if op.get_bind().dialect.name == dialect:
            op.execute(statement)
