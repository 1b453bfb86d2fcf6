"""The named states of loyalty, for `POST /_states`."""

from sqlalchemy import Connection, delete

from participants.common.fields import Identifier
from participants.common.states import Params, State, put_row
from participants.loyalty.store import campaigns


class CampaignRuns(Params, frozen=True):
    """Parameters of "a campaign runs"."""

    campaign: Identifier
    running: bool = True


def a_campaign_runs(connection: Connection, params: CampaignRuns) -> None:
    """Set whether the campaign runs; bonuses that were granted stay."""
    if params.running:
        put_row(connection, campaigns, {"campaign": params.campaign}, {"campaign": params.campaign})
    else:
        connection.execute(delete(campaigns).where(campaigns.c.campaign == params.campaign))


STATES = {"a campaign runs": State(CampaignRuns, a_campaign_runs)}
