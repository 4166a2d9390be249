"""Runs revisions on the connection that `storage.records.database` hands in. Reads no configuration file."""

from alembic import context

from storage.records.tables import Records

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Records.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
