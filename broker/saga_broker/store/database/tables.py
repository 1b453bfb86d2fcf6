"""All tables, whatever they are about, in one register."""

from saga_broker.store.database import access_tables, event_tables, job_tables, schema, webhook_tables
from saga_broker.store.database.base import metadata

__all__ = ["access_tables", "event_tables", "job_tables", "metadata", "schema", "webhook_tables"]
