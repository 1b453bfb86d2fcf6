"""Which shard a database is: written down once, since sagas are found by the number of shards."""

from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import IntegrityError

from saga_contracts.client import UsageError
from saga_service.kept.tables import shard


def remember(engine: Engine, number: int, shards: int) -> None:
    """Write down which shard a database is.

    Raises:
        UsageError: when it was another one before: then sagas would not be found again.
    """
    try:
        with engine.begin() as connection:
            known = connection.execute(select(shard.c.number, shard.c.shards)).first()
            if known is None:
                connection.execute(insert(shard).values(number=number, shards=shards))
    except IntegrityError:  # another process was quicker
        known = None
    if known is None:
        with engine.execution_options(reads=True).connect() as connection:
            known = connection.execute(select(shard.c.number, shard.c.shards)).one()
    if tuple(known) != (number, shards):
        raise UsageError(
            f"The database of shard {number} of {shards} was shard {known.number} of {known.shards} before. "
            "Give SAGA_SHARDS the same databases in the same order; for more of them start another service beside this one."
        )
