"""Alembic's environment: it gets an open connection from `parlour.db.migrate`."""

from alembic import context

from parlour.db.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
