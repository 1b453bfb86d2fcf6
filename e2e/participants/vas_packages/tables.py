"""The tables of `vas_packages`, and what an order is."""

from dataclasses import dataclass

from sqlalchemy import Boolean, Column, Integer, MetaData, String, Table

from participants.common.ledger import StepLedger
from participants.common.outbox import Outbox

METADATA = MetaData()
LEDGER = StepLedger(METADATA)  # a step that is in progress there is the work to do: the ledger is the queue
OUTBOX = Outbox(METADATA)

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
)
packages = Table(
    "packages",
    METADATA,
    Column("step_key", String(200), primary_key=True),
    Column("user_id", String(200), nullable=False, index=True),
    Column("package", String(200), nullable=False),
)


@dataclass(frozen=True, slots=True)
class PackageOrder:
    """What is to be made, and for whom."""

    user_id: str
    package: str
