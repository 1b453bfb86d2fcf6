"""For the tests marked `containers`: a real Docker engine and our images, and the time that building them may take."""

import fcntl
from collections.abc import Callable, Iterator

import pytest

from saga_e2e.stage.images import Images
from saga_verifier.isolation.engine import Engine

FIRST_BUILD_S = 900
"""On a new machine the first test waits until the images are built."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the marked tests their time, and see to it that no test needs an engine without the mark."""
    for item in items:
        if item.get_closest_marker("containers"):
            item.add_marker(pytest.mark.timeout(FIRST_BUILD_S))
        elif "engine" in getattr(item, "fixturenames", ()):
            raise pytest.UsageError(f"{item.nodeid} needs a Docker engine. Mark it `containers`.")


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """The engine that runs."""
    with Engine() as one:
        yield one


@pytest.fixture(scope="session")
def images(engine: Engine) -> Images:
    """Our images at the engine."""
    return Images(engine)


@pytest.fixture(scope="session")
def image_of(images: Images) -> Callable[[str], str]:
    """Gives an image by name; only one test process builds at a time."""
    build = images.root / "build"
    build.mkdir(exist_ok=True)

    def give(name: str) -> str:
        with (build / "images.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return {"base": images.base, "postgres": images.postgres}.get(name, lambda: images.image(name))()

    return give


@pytest.fixture(scope="session")
def base(image_of: Callable[[str], str]) -> str:
    """The image with Python that ours are built on."""
    return image_of("base")
