"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cases",
        sa.Column("hall", sa.String(length=20), nullable=False),
        sa.Column("case_no", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("item_code", sa.String(length=64), nullable=True),
        sa.Column("item_name", sa.String(length=200), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("accepted_ms", sa.BigInteger(), nullable=True),
        sa.Column("finished_ms", sa.BigInteger(), nullable=True),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hall", "case_no", "revision", name=op.f("pk_cases")),
    )
    op.create_table(
        "conflicts",
        sa.Column("hall", sa.String(length=20), nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("event", sa.LargeBinary(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hall", "id", "content", name=op.f("pk_conflicts")),
    )
    op.create_table(
        "devices",
        sa.Column("device", sa.String(length=20), nullable=False),
        sa.Column("hall", sa.String(length=20), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("key_fingerprint", sa.String(length=64), nullable=False),
        sa.Column("window", sa.String(length=64), nullable=True),
        sa.Column("pinned_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("device", name=op.f("pk_devices")),
    )
    with op.batch_alter_table("devices", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_devices_hall"), ["hall"], unique=False)

    op.create_table(
        "events",
        sa.Column("hall", sa.String(length=20), nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hall", "id", name=op.f("pk_events")),
    )
    op.create_table(
        "incidents",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hall", sa.String(length=20), nullable=False),
        sa.Column("about", sa.String(length=200), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("origin", sa.String(length=10), nullable=False),
        sa.Column("device", sa.Text(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(length=512), nullable=True),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
        sa.UniqueConstraint("hall", "about", "code", name=op.f("uq_incidents_hall_about_code")),
    )
    op.create_table(
        "services",
        sa.Column("hall", sa.String(length=20), nullable=False),
        sa.Column("case_no", sa.String(length=64), nullable=False),
        sa.Column("service_no", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("window", sa.String(length=64), nullable=True),
        sa.Column("staff", sa.String(length=64), nullable=True),
        sa.Column("called_ms", sa.BigInteger(), nullable=True),
        sa.Column("served_ms", sa.BigInteger(), nullable=True),
        sa.Column("finished_ms", sa.BigInteger(), nullable=True),
        sa.Column("closed_ms", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hall", "case_no", "service_no", "revision", name=op.f("pk_services")),
    )
    op.create_table(
        "bindings",
        sa.Column("device", sa.String(length=20), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "bound", "unbound", "ambiguous", name="binding", native_enum=False, create_constraint=True, length=24
            ),
            nullable=False,
        ),
        sa.Column("case_no", sa.String(length=64), nullable=True),
        sa.Column("service_no", sa.Integer(), nullable=True),
        sa.Column("staff", sa.String(length=64), nullable=True),
        sa.Column("window", sa.String(length=64), nullable=True),
        sa.Column("rule", sa.String(length=20), nullable=False),
        sa.Column("error_ms", sa.BigInteger(), nullable=True),
        sa.Column("candidates", sa.JSON(), nullable=False),
        sa.Column("decided_ms", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["device"], ["devices.device"], name=op.f("fk_bindings_device")),
        sa.PrimaryKeyConstraint("device", "seq", "number", name=op.f("pk_bindings")),
    )
    op.create_table(
        "certificates",
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=20), nullable=False),
        sa.Column("pem", sa.Text(), nullable=False),
        sa.Column("window", sa.String(length=64), nullable=True),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["device"], ["devices.device"], name=op.f("fk_certificates_device")),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_certificates")),
    )
    with op.batch_alter_table("certificates", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_certificates_device"), ["device"], unique=False)

    op.create_table(
        "heads",
        sa.Column("device", sa.String(length=20), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=16), nullable=True),
        sa.Column("top", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["device"], ["devices.device"], name=op.f("fk_heads_device")),
        sa.PrimaryKeyConstraint("device", name=op.f("pk_heads")),
    )
    op.create_table(
        "losses",
        sa.Column("device", sa.String(length=20), nullable=False),
        sa.Column("declared_by", sa.BigInteger(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["device"], ["devices.device"], name=op.f("fk_losses_device")),
        sa.PrimaryKeyConstraint("device", "declared_by", name=op.f("pk_losses")),
    )
    op.create_table(
        "quarantine",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("device", sa.String(length=20), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("body", sa.LargeBinary(length=512), nullable=False),
        sa.Column("event", sa.LargeBinary(), nullable=True),
        sa.Column("gateway_received_ms", sa.BigInteger(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("verdict in ('broken', 'conflict')", name=op.f("ck_quarantine_verdict")),
        sa.ForeignKeyConstraint(["device"], ["devices.device"], name=op.f("fk_quarantine_device")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
        sa.UniqueConstraint("device", "seq", "hash", "verdict", name=op.f("uq_quarantine_device_seq_hash_verdict")),
    )
    op.create_table(
        "records",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("device", sa.String(length=20), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("prev", sa.LargeBinary(length=16), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("body", sa.LargeBinary(length=512), nullable=False),
        sa.Column("arrived", sa.String(length=10), nullable=False),
        sa.Column("gateway_received_ms", sa.BigInteger(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("arrived in ('linked', 'early')", name=op.f("ck_records_arrived")),
        sa.ForeignKeyConstraint(["device"], ["devices.device"], name=op.f("fk_records_device")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_records")),
        sa.UniqueConstraint("device", "seq", name=op.f("uq_records_device_seq")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "ratings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hall", sa.String(length=20), nullable=False),
        sa.Column("device", sa.String(length=20), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column(
            "origin",
            sa.Enum(
                "citizen",
                "default",
                "import",
                "paper",
                name="origin",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "level",
            sa.Enum(
                "very_satisfied",
                "satisfied",
                "fairly_satisfied",
                "dissatisfied",
                "very_dissatisfied",
                name="level",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("indicators", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.LargeBinary(length=8), nullable=True),
        sa.Column("flags", sa.Integer(), nullable=False),
        sa.Column("boot", sa.BigInteger(), nullable=False),
        sa.Column("uptime_ms", sa.BigInteger(), nullable=False),
        sa.Column("wall_ms", sa.BigInteger(), nullable=True),
        sa.Column("error_ms", sa.BigInteger(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "counted",
                "unbound",
                "ambiguous",
                "waiting_service",
                "already_rated",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("binding_number", sa.Integer(), nullable=True),
        sa.Column("case_no", sa.String(length=64), nullable=True),
        sa.Column("service_no", sa.Integer(), nullable=True),
        sa.Column("counted_ms", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(status = 'counted') = (counted_ms is not null)", name=op.f("ck_ratings_counted")),
        sa.ForeignKeyConstraint(
            ["device", "seq"], ["records.device", "records.seq"], name=op.f("fk_ratings_device_seq")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ratings")),
        sa.UniqueConstraint("device", "seq", name=op.f("uq_ratings_device_seq")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("ratings", schema=None) as batch_op:
        batch_op.create_index("ix_ratings_standing", ["hall", "status", "origin", "counted_ms"], unique=False)
        batch_op.create_index("ix_ratings_service", ["hall", "case_no", "service_no"], unique=False)
        batch_op.create_index(
            "uq_ratings_counted",
            ["hall", "case_no", "service_no"],
            unique=True,
            sqlite_where=sa.text("status = 'counted' AND origin = 'citizen'"),
            postgresql_where=sa.text("status = 'counted' AND origin = 'citizen'"),
        )


def downgrade() -> None:
    for table in (
        "ratings",
        "records",
        "quarantine",
        "losses",
        "heads",
        "certificates",
        "bindings",
        "services",
        "incidents",
        "events",
        "devices",
        "conflicts",
        "cases",
    ):
        op.drop_table(table)
