"""The HTTP resources: what is asked for is read from the store, decided by the gate and written as HAL."""

from fastapi import APIRouter


def routers() -> list[APIRouter]:
    """Give the routers of all resources; a fixed path stands before one with a variable in its place."""
    # The resources import this package's other modules.
    from saga_broker.api import index  # noqa: PLC0415
    from saga_broker.api.access import audit  # noqa: PLC0415
    from saga_broker.api.contracts import (  # noqa: PLC0415
        diffs,
        for_verification,
        integrations,
        pact_lists,
        pacts,
        publish,
        states,
    )
    from saga_broker.api.jobs import announcements, queue, workers  # noqa: PLC0415
    from saga_broker.api.parties import branches, environments, network, pacticipants, versions  # noqa: PLC0415
    from saga_broker.api.results import badges, dashboard, matrix, metrics, verifications  # noqa: PLC0415
    from saga_broker.api.saga import attention, decks, deploying, overview, sagas  # noqa: PLC0415
    from saga_broker.api.webhooks import triggered, webhooks  # noqa: PLC0415

    modules = (
        *(index, metrics, badges, matrix, pacticipants, versions, branches, environments, publish, for_verification),
        *(verifications, diffs, triggered, webhooks, pact_lists, pacts, states, integrations, dashboard, sagas, decks),
        *(deploying, audit, announcements, queue, workers, overview, network, attention),
    )
    return [module.router for module in modules]
