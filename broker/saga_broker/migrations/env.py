"""Alembic's entry: runs the migrations on the connection that `saga_broker.store.database.migrate` holds."""

from alembic import context

from saga_broker.store.database.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
