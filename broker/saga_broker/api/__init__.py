"""The HTTP resources: what is asked for is read from the store, decided by the gate and written as HAL."""

from fastapi import APIRouter


def routers() -> list[APIRouter]:
    """Give the routers of all resources; a fixed path stands before one with a variable in its place."""
    from saga_broker.api import (  # noqa: PLC0415  (the resources import this package's other modules)
        badges,
        branches,
        dashboard,
        decks,
        diffs,
        environments,
        for_verification,
        index,
        integrations,
        matrix,
        metrics,
        pact_lists,
        pacticipants,
        pacts,
        publish,
        sagas,
        states,
        verifications,
        versions,
    )

    modules = (
        *(
            index,
            metrics,
            badges,
            matrix,
            pacticipants,
            versions,
            branches,
            environments,
            publish,
            for_verification,
            verifications,
        ),
        *(diffs, pact_lists, pacts, states, integrations, dashboard, sagas, decks),
    )
    return [module.router for module in modules]
