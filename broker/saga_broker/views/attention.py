"""The document of what people have to see to."""

from datetime import date

from saga_broker.acts.attention import Attention
from saga_broker.http.hal import Document, Links, link
from saga_broker.views import job as job_views
from saga_broker.views import waivers as waiver_views
from saga_broker.views import webhook as webhook_views
from saga_broker.views.waivers import Waived


def attention(links: Links, found: Attention, today: date) -> Document:
    """Write what people have to see to."""
    return {
        "sagas": [
            {
                "saga": one.saga,
                "environment": one.environment.name,
                "canRun": one.verdict.can_run,
                "summary": one.verdict.summary,
                "_links": {"self": link(links.url("sagas", one.saga), "Saga", one.saga)},
            }
            for one in found.stopped
        ],
        "waivers": [{"saga": one.saga, **waiver_views.document(one)} for one in ending(found, today)],
        "jobs": [job_views.job(links, one) for one in found.jobs],
        "calls": [webhook_views.triggered(links, one) for one in found.calls],
        "liveSagas": found.sagas,
        "lookedAt": found.looked_at,
        "_links": {"self": link(links.url("attention"), "What needs attention")},
    }


def ending(found: Attention, today: date) -> list[Waived]:
    """Give the waivers that end within a week, or have ended, those first that ended first."""
    listed = [
        one
        for version, waivers in found.waivers
        for one in waiver_views.waived(version.saga, version.number, waivers, today)
        if one.ends_soon
    ]
    return sorted(listed, key=lambda one: (one.expires, one.saga, one.step))
