"""The named states of packages, for `POST /_states`."""

from sqlalchemy import Connection, insert, update

from participants.common.fields import Identifier
from participants.common.states import Params, State
from participants.vas_packages.tables import offers


class PackageIsOnSale(Params, frozen=True):
    """Parameters of "a package is on sale". A package is offered to each user apart."""

    user_id: Identifier
    package: Identifier
    on_sale: bool = True


def a_package_is_on_sale(connection: Connection, params: PackageIsOnSale) -> None:
    """Make the offer if need be and set whether it stands; packages that were made stay."""
    offer = update(offers).where(offers.c.user_id == params.user_id, offers.c.package == params.package)
    if connection.execute(offer.values(on_sale=params.on_sale)).rowcount == 0:
        connection.execute(insert(offers).values(**params.model_dump()))


STATES = {"a package is on sale": State(PackageIsOnSale, a_package_is_on_sale)}
