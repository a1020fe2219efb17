"""What a binding rests on, and who came for a service: the applicant or an agent (spec 9.1, 9.2)."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("bindings", sa.Column("evidence", sa.JSON(), nullable=True))
    op.add_column("services", sa.Column("applicant_kind", sa.String(length=10), nullable=True))


def downgrade() -> None:
    op.drop_column("services", "applicant_kind")
    op.drop_column("bindings", "evidence")
