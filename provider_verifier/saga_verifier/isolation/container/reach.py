"""Do the containers of a run reach the harness?

A firewall of this machine may keep them from it, and nothing else would tell: a participant whose callbacks are dropped looks
like one that never calls back. Asked from inside the run's network, by the PostgreSQL server's container where there is one,
else by a short-lived one.
"""

from saga_verifier.isolation.container.hardening import Limits, Mounts, hardened, user_of
from saga_verifier.isolation.container.run import Run
from saga_verifier.isolation.engine.api import Order
from saga_verifier.isolation.engine.owner import labels

WITHIN_S = 5
_SHELL = 'exec 3<>"/dev/tcp/$0/$1"'
_PYTHON = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), float(sys.argv[3])).close()"
_NO_SUCH_PROGRAM = (126, 127)


def reaches(run: Run, port: int) -> bool | None:
    """Try once.

    Args:
        run: Whose containers.
        port: Where the harness listens at the network's gateway.

    Returns:
        Whether a connection was made; None where no container at hand can try.
    """
    tried = None if run.server is None else run.server.run_inside(
        ["timeout", str(WITHIN_S), "bash", "-c", _SHELL, run.gateway, str(port)]
    )  # fmt: skip
    if tried is not None and tried not in _NO_SUCH_PROGRAM:
        return tried == 0
    return _tried_by_own_container(run, port)


def _tried_by_own_container(run: Run, port: int) -> bool | None:
    engine, image = run.engine, run.settings.forwarder_image
    if engine.image(image) is None:  # not worth fetching
        return None
    order = Order(
        image=image,
        command=("python3", "-c", _PYTHON, run.gateway, str(port), str(WITHIN_S)),
        labels=labels(run.id, "the look whether containers reach the harness"),
        user=user_of("65534:65534", ""),
        network=run.network,
        host=hardened(Limits(memory_mb=64, processes=32, tmp_mb=1), Mounts()),
    )
    made = engine.create(order)
    try:
        engine.start(made)
        engine.wait(made)
        return engine.state(made).exit_code == 0
    finally:
        engine.remove(made)
