"""Which key signs the records of a device from which seq on (spec 7.6)."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rotations",
        sa.Column("device", sa.String(length=20), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=24), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["device"], ["devices.device"], name=op.f("fk_rotations_device")),
        sa.PrimaryKeyConstraint("device", "seq", name=op.f("pk_rotations")),
    )


def downgrade() -> None:
    op.drop_table("rotations")
