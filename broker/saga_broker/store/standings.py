"""Whether each saga could run in each environment when it was judged last."""

from sqlalchemy import Connection, bindparam, insert, select, update

from saga_broker.store.database.event_tables import saga_standings
from saga_broker.store.database.prepared import Prepared
from saga_broker.store.database.types import UtcDateTime, now


def put(connection: Connection, saga: str, environment: str, *, can_run: bool) -> bool:
    """Remember whether a saga can run; tell whether it could before."""
    before = _FIND.scalar(connection, saga=saga, environment=environment)
    statement = _ADD if before is None else _CHANGE
    statement.run(connection, saga=saga, environment=environment, can_run=can_run, moment=now())
    return bool(before)


_TABLE = saga_standings.c
_HERE = (_TABLE.saga == bindparam("saga"), _TABLE.environment == bindparam("environment"))
_VALUES = {"can_run": bindparam("can_run", type_=_TABLE.can_run.type), "judged_at": bindparam("moment", type_=UtcDateTime)}
_FIND = Prepared(select(_TABLE.can_run).where(*_HERE))
_CHANGE = Prepared(update(saga_standings).where(*_HERE).values(_VALUES))
_ADD = Prepared(insert(saga_standings).values({"saga": bindparam("saga"), "environment": bindparam("environment"), **_VALUES}))
