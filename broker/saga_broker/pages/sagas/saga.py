"""One saga: can it run where, why not, what each step owes, its waivers, its last results, its versions."""

from collections.abc import Mapping, Sequence

from fastapi import APIRouter, Response
from markupsafe import Markup

from saga_broker.acts import saga_overview as act
from saga_broker.acts.running import Running
from saga_broker.acts.saga_overview import SagaOverview
from saga_broker.gate.run.model import Reason
from saga_broker.http.errors import RefusedError
from saga_broker.http.hal import Links
from saga_broker.pages.frame.asking import Html, Place
from saga_broker.pages.frame.lists import Column, asked
from saga_broker.pages.frame.writing import Crumb, page, with_query
from saga_broker.pages.sagas.states import CELLS, SIGNS, VERDICTS, of_running
from saga_broker.store.deck_results import Told
from saga_broker.store.sagas import SagaVersion
from saga_broker.views import heat
from saga_broker.views import saga_overview as views
from saga_contracts.show.draw import saga_svg

router = APIRouter(tags=["pages"])
VERSIONS = 20


@router.get("/sagas/{saga:seg}")
def show(saga: str, call: Html) -> Response:
    """Show a saga."""
    wanted = asked(call, [Column("", "newest")], "newest", size=VERSIONS)
    with call.read() as connection:
        found = act.overview(connection, saga, wanted.page, call.now)
    if found is None:
        raise RefusedError(404, f"No saga with name '{saga}' found")
    place = chosen(found.places, call.text("environment"))
    columns = [] if place is None else views.columns_of(found, place)
    version = drawn(found, place)
    links = Place(call.request).links
    return page(
        call.request,
        "sagas/saga.html",
        saga,
        [Crumb("Sagas", links.url("sagas")), Crumb(saga)],
        found=found,
        place_shown=place,
        version=version,
        drawing=drawing(links, version, {one.step: heat.worst([one.pact, one.deck]) for one in columns}),
        columns=columns,
        rows=heat.rows(columns),
        open_reasons=[] if place is None else by_weight(place.verdict.reasons),
        kept_reasons=[] if place is None else [one for one in place.verdict.reasons if one.verdict == "yes"],
        waivers=views.waivers_of(found, call.today),
        cells=CELLS,
        signs=SIGNS,
        verdicts=VERDICTS,
        state=of_running,
        asked=wanted,
        result_address=lambda one: _result(links, found, one),
        tabs=[
            (one.environment.display_name, wanted.href(environment=one.environment.name), one is place) for one in found.places
        ],
    )


def _result(links: Links, found: SagaOverview, one: Told) -> str:
    """Give the address of a result: at the version whose slice it is of."""
    number = next((number for number in found.live if _sha(found, number, one.step) == one.sha), found.newest.number)
    step = links.url("sagas", one.saga, "versions", number, "steps", one.step)
    return f"{with_query(step, {'result': str(one.id)})}#histories"


def _sha(found: SagaOverview, number: str, step: str) -> str:
    file = found.file_of(number)
    slice_ = file.slices.get(step) if file else None
    return slice_.sha if slice_ else ""


def chosen(places: Sequence[Running], name: str | None) -> Running | None:
    """Give the environment that is looked at: the one that is asked for, else the first in which the saga is."""
    asked_for = next((one for one in places if one.environment.name == name), None)
    return asked_for or next((one for one in places if one.is_there), None) or (places[0] if places else None)


def drawn(found: SagaOverview, place: Running | None) -> SagaVersion:
    """Give the version that is drawn: the first that is live there, else the newest."""
    numbers = [part.saga_version for part in place.parts if part.saga_version] if place else []
    return found.live.get(numbers[0], found.newest) if numbers else found.newest


def drawing(links: Links, version: SagaVersion, marks: Mapping[str, str]) -> Markup | None:
    """Draw a saga version, each step leading to its page; None when its file cannot be read."""
    saga = act.read(version).saga
    if saga is None:
        return None
    steps = {step.step: links.url("sagas", version.saga, "versions", version.number, "steps", step.step) for step in saga.steps}
    return Markup(saga_svg(saga, marks, steps, styled=False))  # noqa: S704  (every text in it is escaped)


def by_weight(reasons: Sequence[Reason]) -> list[Reason]:
    """Give the reasons that are not yes, those for no first."""
    return sorted((one for one in reasons if one.verdict != "yes"), key=lambda one: one.verdict != "no")
