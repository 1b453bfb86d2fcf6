"""The warehouse's named states, for `POST /_states`."""

from sqlalchemy import Connection

from participants.common.fields import Identifier, Stock
from participants.common.states import Params, State, put_row
from participants.warehouse.store import stock


class PiecesAreInStock(Params, frozen=True):
    """Parameters of "pieces are in stock"."""

    sku: Identifier
    pieces: Stock


def pieces_are_in_stock(connection: Connection, params: PiecesAreInStock) -> None:
    """Make the kind if need be and set how many pieces are free; what reservations keep stays kept."""
    put_row(connection, stock, {"sku": params.sku}, {"available": params.pieces}, first={"reserved": 0})


STATES = {"pieces are in stock": State(PiecesAreInStock, pieces_are_in_stock)}
