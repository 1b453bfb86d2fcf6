"""All services of a saga and a broker, started for somebody who wants to look at them, until interrupted.

The saga is defined and its example's preconditions are set up, so that the commands that are shown can be pasted as they are.
"""

import json
import shlex
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from saga_contracts.declare.saga import Request, Saga, Under
from saga_contracts.errors import SagapactError
from saga_e2e.console import Console
from saga_e2e.play.gather import Services, new_client
from saga_e2e.stage.broker_program import broker_spec
from saga_e2e.stage.landscape import Landscape
from saga_e2e.stage.topology import Topology
from saga_verifier.isolation.interface import Isolation

LOOK_EVERY_S = 2.0


def run(
    saga: Saga,
    landscape: Landscape,
    console: Console,
    isolation: Isolation,
    wait: Callable[[float], bool],
    *,
    ports: Mapping[str, int] | None = None,
) -> None:
    """Start everything, show the addresses, stay until interrupted, end everything.

    Args:
        saga: The saga.
        landscape: How its services are started.
        console: Where the addresses are shown.
        isolation: The backend that starts them.
        wait: Waits so many seconds, or says True at once when it is time to go.
        ports: Fixed ports, by the service's name.

    Raises:
        SagapactError: when a service cannot be started, or one ends although nobody asked for it; nothing is left then.
    """
    console.step(f"{saga.saga}: all services and a broker")
    with Topology(landscape, saga, isolation=isolation, beside=[broker_spec()], ports=ports) as topology:
        width = max(map(len, (*topology.all_names, "fault proxy")))
        for name in topology.all_names:
            console.line(f"{name:{width}}  {topology.url_of(name)}")
        console.line(f"{'fault proxy':{width}}  {topology.proxy.base_url}")
        _show_commands(topology, console)
        console.line("Press Ctrl+C to end everything.")
        while not wait(LOOK_EVERY_S):
            if (trouble := topology.trouble()) is not None:
                raise SagapactError(
                    f"The services of {saga.saga} are ended, since not all of them run any more: {trouble}\n"
                    "Mend what its log tells; if it tells nothing, look who ended it or whether memory ran out. Then start again."
                )


def _show_commands(topology: Topology, console: Console) -> None:
    saga, url = topology.saga, topology.service_url
    with new_client() as http:
        services = Services(topology, http)
        services.define()
        for step in saga.steps:
            try:
                services.prepare(step, saga.payload.example, Under.ENOUGH)
            except SagapactError as error:  # whoever looks at the services may set it up by hand
                console.line(f"the precondition of {step.step} is missing: {error}")
    console.step("Start a saga, then see how it fares")
    for request in (topology.adapter.create("first", saga.payload.example), topology.adapter.read("SAGA_ID", "first")):
        console.line(_curl(url, request))


def _curl(url: str, request: Request) -> str:
    """Give a request as a command to paste."""
    method = [] if request.method in ("GET", "POST") else ["-X", request.method]
    body = [] if request.body is None else ["-H", "Content-Type: application/json", "-d", json.dumps(request.body)]
    headers = [part for name, value in request.headers.items() for part in ("-H", f"{name}: {value}")]
    query = f"?{urlencode(request.query)}" if request.query else ""
    return shlex.join(["curl", "-sS", *method, f"{url}{request.path}{query}", *headers, *body])
