"""Beside ratings: what was added to them, paper forms, silence that waits, the centre, feedback, the list of raters."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_LEVELS = ("very_satisfied", "satisfied", "fairly_satisfied", "dissatisfied", "very_dissatisfied")


def upgrade() -> None:
    op.create_table(
        "centre_ratings",
        sa.Column("id", _ID, nullable=False),
        sa.Column("hall", sa.String(length=20), nullable=False),
        sa.Column("rater", sa.String(length=64), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "pc",
                "mobile",
                "qr",
                "hall_tablet",
                "hall_terminal",
                "phone",
                "sms",
                "paper",
                "none",
                name="channel",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("level", _level(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("policy_version", sa.BigInteger(), nullable=True),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_centre_ratings")),
        sa.UniqueConstraint("hall", "key", name=op.f("uq_centre_ratings_hall_key")),
        sa.UniqueConstraint("hall", "rater", "day", name=op.f("uq_centre_ratings_hall_rater_day")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "default_terms",
        sa.Column("hall", sa.String(length=20), nullable=False),
        sa.Column("case_no", sa.String(length=64), nullable=False),
        sa.Column("service_no", sa.Integer(), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("deadline", sa.JSON(), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("awaited", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("hall", "case_no", "service_no", name=op.f("pk_default_terms")),
    )
    op.create_index("ix_default_terms_due", "default_terms", ["awaited", "due_ms"], unique=False)
    op.create_table(
        "feedback",
        sa.Column("id", _ID, nullable=False),
        sa.Column("hall", sa.String(length=20), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("level", _level(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("given_ms", sa.BigInteger(), nullable=False),
        sa.Column("entered_by", sa.String(length=64), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
        sa.UniqueConstraint("hall", "channel", "key", name=op.f("uq_feedback_hall_channel_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "paper_forms",
        sa.Column("id", _ID, nullable=False),
        sa.Column("hall", sa.String(length=20), nullable=False),
        sa.Column("form_no", sa.String(length=64), nullable=False),
        sa.Column("case_no", sa.String(length=64), nullable=False),
        sa.Column("service_no", sa.Integer(), nullable=False),
        sa.Column("level", _level(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("filled_in_ms", sa.BigInteger(), nullable=False),
        sa.Column("scan", sa.String(length=64), nullable=False),
        sa.Column("entered_by", sa.String(length=64), nullable=False),
        sa.Column("entered_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("checked_by", sa.String(length=64), nullable=True),
        sa.Column("checked_ms", sa.BigInteger(), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column("rating", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(state = 'accepted') = (rating is not null)", name=op.f("ck_paper_forms_rated")),
        sa.CheckConstraint("(state = 'entered') = (checked_by is null)", name=op.f("ck_paper_forms_checked")),
        sa.CheckConstraint("state in ('entered', 'accepted', 'rejected')", name=op.f("ck_paper_forms_state")),
        sa.CheckConstraint("checked_by is null or checked_by <> entered_by", name=op.f("ck_paper_forms_two_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_forms")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_paper_forms_standing",
        "paper_forms",
        ["hall", "form_no"],
        unique=True,
        sqlite_where=sa.text("state != 'rejected'"),
        postgresql_where=sa.text("state != 'rejected'"),
    )
    op.create_table(
        "rater_entries",
        sa.Column("id", _ID, nullable=False),
        sa.Column("rater", sa.String(length=64), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=True),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("removed_ms", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rater_entries")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_rater_entries_rater"), "rater_entries", ["rater"], unique=False)
    op.create_table(
        "supplements",
        sa.Column("rating", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hall", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("given_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("rating", name=op.f("pk_supplements")),
        sa.UniqueConstraint("hall", "key", name=op.f("uq_supplements_hall_key")),
    )
    op.create_table(
        "rater_steps",
        sa.Column("entry", _ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("step", sa.String(length=20), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["rater_entries.id"], name=op.f("fk_rater_steps_entry")),
        sa.PrimaryKeyConstraint("entry", "number", name=op.f("pk_rater_steps")),
    )


def downgrade() -> None:
    op.drop_table("rater_steps")
    op.drop_table("supplements")
    op.drop_table("rater_entries")
    op.drop_table("paper_forms")
    op.drop_table("feedback")
    op.drop_table("default_terms")
    op.drop_table("centre_ratings")


def _level() -> sa.Enum:
    return sa.Enum(*_LEVELS, name="level", native_enum=False, create_constraint=True, length=24)
