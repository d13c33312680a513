"""bans keep the account beside the address"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("bans") as table:
        table.add_column(sa.Column("user_id", _Id, nullable=True))
        table.create_foreign_key(
            op.f("fk_bans_user_id_users"), "users", ["user_id"], ["id"], ondelete="SET NULL"
        )
        table.create_index(op.f("ix_bans_user_id"), ["user_id"], unique=False)
    bans = sa.table("bans", sa.column("email_key"), sa.column("user_id"))
    users = sa.table("users", sa.column("id"), sa.column("email_key"))
    owner = sa.select(users.c.id).where(users.c.email_key == bans.c.email_key).scalar_subquery()
    op.execute(sa.update(bans).values(user_id=owner))


def downgrade() -> None:
    with op.batch_alter_table("bans") as table:
        table.drop_index(op.f("ix_bans_user_id"))
        table.drop_constraint(op.f("fk_bans_user_id_users"), type_="foreignkey")
        table.drop_column("user_id")
