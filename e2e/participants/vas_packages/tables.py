"""The tables of `vas_packages`, and the records that its parts hand to one another."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import BigInteger, Boolean, Column, Integer, MetaData, String, Table

from participants.common.ledger import StepLedger

METADATA = MetaData()
LEDGER = StepLedger(METADATA)  # a step that is in progress there is the work to do: the ledger is the queue

offers = Table(
    "offers",
    METADATA,
    Column("user_id", String(200), primary_key=True),
    Column("package", String(200), primary_key=True),
    Column("on_sale", Boolean, nullable=False),
)
orders = Table(
    "orders",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("step_key", String(200), nullable=False, unique=True),
    Column("user_id", String(200), nullable=False),
    Column("package", String(200), nullable=False),
    Column("callback_url", String(2000), nullable=False),
    Column("saga_id", String(200)),
    Column("saga_step", String(200)),
)
packages = Table(
    "packages",
    METADATA,
    Column("step_key", String(200), primary_key=True),
    Column("user_id", String(200), nullable=False, index=True),
    Column("package", String(200), nullable=False),
)
# The outbox: a row is written together with the outcome that it tells, and goes when the receiver has taken it.
callbacks = Table(
    "callbacks",
    METADATA,
    Column("step_key", String(200), primary_key=True),
    Column("outcome", String(20), nullable=False),  # done, refused
    Column("tries", Integer, nullable=False),
    Column("due_at_ms", BigInteger, nullable=False, index=True),
)


@dataclass(frozen=True, slots=True)
class PackageOrder:
    """What is to be made, and for whom."""

    user_id: str
    package: str


@dataclass(frozen=True, slots=True)
class ReplyTo:
    """Where the outcome is to be told, and the correlation headers (None: the order had none) to send with it."""

    callback_url: str
    saga_id: str | None
    saga_step: str | None


@dataclass(frozen=True, slots=True)
class Callback:
    """One callback that is due. `tries` counts this one too."""

    key: str
    url: str
    headers: Mapping[str, str]
    body: Mapping[str, str]
    tries: int
