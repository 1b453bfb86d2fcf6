"""A headless Chromium, spoken to over its DevTools protocol: opens files, listens to the console, evaluates, takes pictures."""

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

PATIENCE_S = 30.0
COMPLAINTS = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded", "Network.requestWillBeSent")
MISSING = "No Chromium was found: the report was not looked at in a browser. Install it (Debian: apt-get install chromium)."


class Page:
    """One tab."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._next = 0
        self.events: list[dict[str, Any]] = []
        for domain in ("Runtime", "Log", "Page", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        self._next += 1
        self._socket.send(json.dumps({"id": self._next, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv(timeout=PATIENCE_S))
            if message.get("id") == self._next:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result
            self.events.append(message)

    def open(self, address: str) -> None:
        self.events.clear()
        self.send("Page.navigate", url=address)
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(json.loads(self._socket.recv(timeout=PATIENCE_S)))

    def evaluate(self, expression: str) -> Any:
        result = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def look(self, *, width: int, height: int = 900, scheme: str = "light", media: str = "") -> None:
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500)
        self.send("Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        found = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=self._whole())
        path.write_bytes(base64.b64decode(found["data"]))

    def _whole(self) -> dict[str, float]:
        size = self.send("Page.getLayoutMetrics")["cssContentSize"]
        return {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}

    def complaints(self) -> list[dict[str, Any]]:
        """Give errors, console output, and requests to anything but the file itself."""
        self.evaluate("new Promise(done => setTimeout(done, 0))")
        found = [event for event in self.events if event["method"] in COMPLAINTS]
        return [event for event in found if not event["params"].get("request", {}).get("url", "").startswith("file:")]


@pytest.fixture(scope="session")
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None and os.environ.get("CI"):
        pytest.fail(MISSING)
    if found is None:
        pytest.skip(MISSING)
    return found


@pytest.fixture(scope="session")
def browser(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClientConnection]:
    """One browser for all tests."""
    profile = tmp_path_factory.mktemp("profile")
    command = [
        chromium,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-extensions",
        "--disable-background-networking",
        "--remote-debugging-port=0",
        f"--user-data-dir={profile}",
        "about:blank",
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            with connect(_address(profile / "DevToolsActivePort", process), max_size=None) as browser:
                yield browser
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE_S)


@pytest.fixture
def page(browser: ClientConnection) -> Iterator[Page]:
    """A tab of the test's own, with a profile of its own."""
    profile = _asked(browser, "Target.createBrowserContext")["browserContextId"]
    tab = _asked(browser, "Target.createTarget", url="about:blank", browserContextId=profile)["targetId"]
    with connect(f"ws://127.0.0.1:{browser.remote_address[1]}/devtools/page/{tab}", max_size=None) as socket:
        yield Page(socket)
    _asked(browser, "Target.disposeBrowserContext", browserContextId=profile)


@pytest.fixture
def save(tmp_path: Path) -> Callable[[str], str]:
    """Give what writes a page to a file and tells its address."""

    def write(content: str) -> str:
        path = tmp_path / "report.html"
        path.write_text(content, encoding="utf-8")
        return path.as_uri()

    return write


def _address(port_file: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        assert process.poll() is None, f"Chromium ended by itself with status {process.returncode}"
        lines = port_file.read_text().split("\n") if port_file.exists() else []
        if len(lines) > 1 and lines[1]:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        time.sleep(0.05)
    pytest.fail("Chromium did not tell its DevTools port in time")


def _asked(browser: ClientConnection, method: str, **params: Any) -> dict[str, Any]:
    browser.send(json.dumps({"id": 1, "method": method, "params": params}))
    while True:
        message = json.loads(browser.recv(timeout=PATIENCE_S))
        if message.get("id") == 1:
            assert "error" not in message, message
            result: dict[str, Any] = message["result"]
            return result
