"""Ratings by every channel: origins, a key for those that no device signed, and the policy each was given under."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

LEVELS = "'very_satisfied', 'satisfied', 'fairly_satisfied', 'dissatisfied', 'very_dissatisfied'"
ORIGINS = "'citizen_device', 'citizen_qr', 'citizen_sms', 'paper', 'import', 'default', 'selftest'"
STATUSES = "'counted', 'unbound', 'ambiguous', 'waiting_service', 'already_rated'"
CHANNELS = "'pc', 'mobile', 'qr', 'hall_tablet', 'hall_terminal', 'phone', 'sms', 'paper', 'none'"
NAMED = (
    "(origin = 'citizen_device') = (device is not null) and (device is null) = (seq is null) "
    "and (device is null) = (key is not null)"
)


def upgrade() -> None:
    newest = _newest_id()
    with _changing(_before()) as batch:
        batch.drop_index("uq_ratings_counted")
        batch.drop_index("ix_ratings_standing")
        batch.drop_constraint(op.f("ck_ratings_origin"), type_="check")
        batch.drop_constraint(op.f("ck_ratings_status"), type_="check")
        for name in ("device", "seq", "indicators", "flags", "boot", "uptime_ms"):
            batch.alter_column(name, nullable=True)
        batch.add_column(sa.Column("channel", sa.String(24), nullable=False, server_default="hall_terminal"))
        batch.add_column(sa.Column("key", sa.String(120)))
        batch.add_column(sa.Column("text", sa.Text()))
        batch.add_column(sa.Column("reason_missing", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column("policy_version", sa.BigInteger()))
        batch.add_column(sa.Column("rater", sa.String(64)))
        batch.add_column(sa.Column("received_ms", sa.BigInteger()))
    op.execute("UPDATE ratings SET origin = 'citizen_device' WHERE origin = 'citizen'")
    op.execute(
        "UPDATE ratings SET received_ms = (SELECT records.received_ms FROM records"
        " WHERE records.device = ratings.device AND records.seq = ratings.seq)"
    )
    with _changing(_between()) as batch:
        batch.alter_column("channel", server_default=None)
        batch.alter_column("received_ms", nullable=False)
        batch.create_check_constraint(op.f("ck_ratings_origin"), f"origin IN ({ORIGINS})")
        batch.create_check_constraint(op.f("ck_ratings_channel"), f"channel IN ({CHANNELS})")
        batch.create_check_constraint(op.f("ck_ratings_status"), f"status IN ({STATUSES}, 'superseded')")
        batch.create_check_constraint(op.f("ck_ratings_named"), NAMED)
        batch.create_unique_constraint(op.f("uq_ratings_hall_origin_key"), ["hall", "origin", "key"])
        batch.create_index("ix_ratings_standing", ["hall", "status", "counted_ms", "origin"])
        batch.create_index("ix_ratings_rater", ["rater"])
        for name, rows in (
            ("uq_ratings_counted", "status = 'counted' AND origin != 'default'"),
            ("uq_ratings_default", "origin = 'default'"),
        ):
            where = sa.text(rows)
            service = ["hall", "case_no", "service_no"]
            batch.create_index(name, service, unique=True, sqlite_where=where, postgresql_where=where)
    _keep_newest_id(newest)


def downgrade() -> None:
    others = op.get_bind().execute(sa.text("SELECT count(*) FROM ratings WHERE origin != 'citizen_device'")).scalar()
    if others:
        raise RuntimeError(
            f"{others} ratings have come without a device, and the structure before has no place for them;"
            " take a copy of the database and delete them there if it must go back"
        )
    newest = _newest_id()
    with _changing(_after()) as batch:
        for name in ("uq_ratings_default", "uq_ratings_counted", "ix_ratings_rater", "ix_ratings_standing"):
            batch.drop_index(name)
        batch.drop_constraint(op.f("uq_ratings_hall_origin_key"), type_="unique")
        for name in ("named", "status", "channel", "origin"):
            batch.drop_constraint(op.f(f"ck_ratings_{name}"), type_="check")
        for name in ("received_ms", "rater", "policy_version", "reason_missing", "text", "key", "channel"):
            batch.drop_column(name)
    op.execute("UPDATE ratings SET origin = 'citizen'")
    with _changing(_bare()) as batch:
        for name in ("device", "seq", "indicators", "flags", "boot", "uptime_ms"):
            batch.alter_column(name, nullable=False)
        batch.create_check_constraint(op.f("ck_ratings_origin"), "origin IN ('citizen', 'default', 'import', 'paper')")
        batch.create_check_constraint(op.f("ck_ratings_status"), f"status IN ({STATUSES})")
        batch.create_index("ix_ratings_standing", ["hall", "status", "origin", "counted_ms"])
        where = sa.text("status = 'counted' AND origin = 'citizen'")
        batch.create_index(
            *("uq_ratings_counted", ["hall", "case_no", "service_no"]),
            **{"unique": True, "sqlite_where": where, "postgresql_where": where},
        )
    _keep_newest_id(newest)


def _changing(table: sa.Table):
    # SQLite makes the table anew from this description of it: read from the database it would lack its checks
    return op.batch_alter_table("ratings", copy_from=table, table_kwargs={"sqlite_autoincrement": True})


def _table(*others, nullable: bool, origin: str | None, status: str | None) -> sa.Table:
    checks = [("counted", "(status = 'counted') = (counted_ms is not null)"), ("level", f"level IN ({LEVELS})")]
    checks += [(name, rows) for name, rows in (("origin", origin), ("status", status)) if rows]
    return sa.Table(
        "ratings",
        sa.MetaData(),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hall", sa.String(20), nullable=False),
        sa.Column("device", sa.String(20), nullable=nullable),
        sa.Column("seq", sa.BigInteger(), nullable=nullable),
        sa.Column("origin", sa.String(24), nullable=False),
        sa.Column("level", sa.String(24), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("indicators", sa.BigInteger(), nullable=nullable),
        sa.Column("token", sa.LargeBinary(8)),
        sa.Column("flags", sa.Integer(), nullable=nullable),
        sa.Column("boot", sa.BigInteger(), nullable=nullable),
        sa.Column("uptime_ms", sa.BigInteger(), nullable=nullable),
        sa.Column("wall_ms", sa.BigInteger()),
        sa.Column("error_ms", sa.BigInteger()),
        sa.Column("status", sa.String(24), nullable=False),
        sa.Column("binding_number", sa.Integer()),
        sa.Column("case_no", sa.String(64)),
        sa.Column("service_no", sa.Integer()),
        sa.Column("counted_ms", sa.BigInteger()),
        sa.Column("adopted", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ratings")),
        sa.UniqueConstraint("device", "seq", name=op.f("uq_ratings_device_seq")),
        sa.ForeignKeyConstraint(
            ["device", "seq"], ["records.device", "records.seq"], name=op.f("fk_ratings_device_seq")
        ),
        *(sa.CheckConstraint(rows, name=op.f(f"ck_ratings_{name}")) for name, rows in checks),
        sa.Index("ix_ratings_service", "hall", "case_no", "service_no"),
        *others,
        sqlite_autoincrement=True,
    )


def _before() -> sa.Table:
    return _table(
        sa.Index("ix_ratings_standing", "hall", "status", "origin", "counted_ms"),
        sa.Index("uq_ratings_counted", "hall", "case_no", "service_no", unique=True),
        nullable=False,
        origin="origin IN ('citizen', 'default', 'import', 'paper')",
        status=f"status IN ({STATUSES})",
    )


def _between() -> sa.Table:
    return _table(*_added(received=True), nullable=True, origin=None, status=None)


def _bare() -> sa.Table:
    return _table(nullable=True, origin=None, status=None)


def _after() -> sa.Table:
    return _table(
        *_added(received=False),
        sa.UniqueConstraint("hall", "origin", "key", name=op.f("uq_ratings_hall_origin_key")),
        sa.CheckConstraint(f"channel IN ({CHANNELS})", name=op.f("ck_ratings_channel")),
        sa.CheckConstraint(NAMED, name=op.f("ck_ratings_named")),
        sa.Index("ix_ratings_standing", "hall", "status", "counted_ms", "origin"),
        sa.Index("ix_ratings_rater", "rater"),
        sa.Index("uq_ratings_counted", "hall", "case_no", "service_no", unique=True),
        sa.Index("uq_ratings_default", "hall", "case_no", "service_no", unique=True),
        nullable=True,
        origin=f"origin IN ({ORIGINS})",
        status=f"status IN ({STATUSES}, 'superseded')",
    )


def _added(received: bool) -> tuple[sa.Column, ...]:
    return (
        sa.Column("channel", sa.String(24), nullable=False, server_default="hall_terminal" if received else None),
        sa.Column("key", sa.String(120)),
        sa.Column("text", sa.Text()),
        sa.Column("reason_missing", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("policy_version", sa.BigInteger()),
        sa.Column("rater", sa.String(64)),
        sa.Column("received_ms", sa.BigInteger(), nullable=received),
    )


def _newest_id() -> int | None:
    """The highest id that SQLite ever gave here; PostgreSQL keeps its own."""
    if op.get_bind().dialect.name != "sqlite":
        return None
    return op.get_bind().execute(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'ratings'")).scalar()


def _keep_newest_id(newest: int | None) -> None:
    # the table is another one now; an id that was read is never given again
    if newest is not None:
        op.execute("DELETE FROM sqlite_sequence WHERE name = 'ratings'")
        add = sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('ratings', :newest)")
        op.get_bind().execute(add, {"newest": newest})
