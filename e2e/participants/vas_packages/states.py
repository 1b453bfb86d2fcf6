"""The named states of packages, for `POST /_states`."""

from sqlalchemy import Connection

from participants.common.fields import Identifier
from participants.common.states import Params, State, put_row
from participants.vas_packages.tables import offers


class PackageIsOnSale(Params, frozen=True):
    """Parameters of "a package is on sale". A package is offered to each user apart."""

    user_id: Identifier
    package: Identifier
    on_sale: bool = True


def a_package_is_on_sale(connection: Connection, params: PackageIsOnSale) -> None:
    """Make the offer if need be and set whether it stands; packages that were made stay."""
    key = {"user_id": params.user_id, "package": params.package}
    put_row(connection, offers, key, {"on_sale": params.on_sale})


STATES = {"a package is on sale": State(PackageIsOnSale, a_package_is_on_sale)}
