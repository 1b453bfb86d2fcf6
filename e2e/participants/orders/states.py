"""The named states of orders, for `POST /_states`."""

from sqlalchemy import Connection

from participants.common.fields import Identifier
from participants.common.states import Params, State, put_row
from participants.orders.store import Order, customers, write_open


class CustomerMayOrder(Params, frozen=True):
    """Parameters of "a customer may order"."""

    customer_id: Identifier
    blocked: bool = False


class OrderIsOpen(Params, frozen=True):
    """Parameters of "an order is open". A number that is asked for is not taken: the database gives one, which is told."""

    order_id: Identifier
    customer_id: Identifier


def a_customer_may_order(connection: Connection, params: CustomerMayOrder) -> None:
    """Make the customer if need be and set whether they are blocked; their orders stay."""
    put_row(connection, customers, {"customer_id": params.customer_id}, {"blocked": params.blocked})


def an_order_is_open(connection: Connection, params: OrderIsOpen) -> dict[str, int]:
    """Open an order by telephone, which no step counts as its own, and tell its number."""
    return {"number": write_open(connection, Order(**params.model_dump(), sku="any", pieces=1), None)}


STATES = {
    "a customer may order": State(CustomerMayOrder, a_customer_may_order),
    "an order is open": State(OrderIsOpen, an_order_is_open),
}
