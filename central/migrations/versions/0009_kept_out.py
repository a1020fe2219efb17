"""From whom a handling stays hidden, as rows that lists can ask."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    kept_out = op.create_table(
        "kept_out",
        sa.Column("handling", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["handling"], ["handlings.id"], name=op.f("fk_kept_out_handling")),
        sa.PrimaryKeyConstraint("handling", "person", name=op.f("pk_kept_out")),
    )
    op.create_index("ix_services_staff", "services", ["hall", "staff", "window"])
    rows = []
    for number, body in op.get_bind().execute(sa.text("SELECT id, body FROM handlings")).all():
        people = (json.loads(body) if isinstance(body, str) else body)["people"]
        persons = {*people["involved"], *([people["rated"]] if people["rated"] else [])}
        rows += [{"handling": number, "person": person} for person in sorted(persons)]
    if rows:
        op.bulk_insert(kept_out, rows)


def downgrade() -> None:
    op.drop_index("ix_services_staff", "services")
    op.drop_table("kept_out")
