"""A headless Chromium, spoken to over its DevTools protocol: opens pages, listens to the console, evaluates, takes pictures."""

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

PATIENCE_S = 30.0
COMPLAINTS = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded", "Network.requestWillBeSent")
MISSING = "No Chromium was found: no page was looked at in a browser. Install it (Debian: apt-get install chromium)."
FAINT = """
(() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const part = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const ground = (one) => {
    for (; one; one = one.parentElement) {
      const found = rgb(getComputedStyle(one).backgroundColor);
      if (found.length === 3 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const faint = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) {
    const around = node.parentElement;
    if (!node.data.trim() || around.closest("script, style, title, desc, .unseen, svg .sign")) continue;
    const style = getComputedStyle(around);
    const ink = rgb(around.closest("svg") ? style.fill : style.color);
    const [dim, bright] = [light(ink), light(ground(around))].sort((a, b) => a - b);
    if ((bright + 0.05) / (dim + 0.05) < 4.5) faint.push(node.data.trim().slice(0, 40));
  }
  return [...new Set(faint)];
})()
"""


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

    def faint(self) -> list[str]:
        """Give the texts that stand out too little from their ground."""
        found: list[str] = self.evaluate(FAINT)
        return found

    def complaints(self, own: str = "file:") -> list[dict[str, Any]]:
        """Give errors, console output, and requests to anything but what begins with `own`."""
        self.evaluate("new Promise(done => setTimeout(done, 0))")
        found = [event for event in self.events if event["method"] in COMPLAINTS]
        return [event for event in found if not event["params"].get("request", {}).get("url", "").startswith(own)]


def chromium() -> str:
    """Give the browser's command; a test that needs it is skipped where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None and os.environ.get("CI"):
        pytest.fail(MISSING)
    if found is None:
        pytest.skip(MISSING)
    return found


@contextmanager
def running(command_path: str, profile: Path) -> Iterator[ClientConnection]:
    """Run a browser."""
    command = [
        command_path,
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


@contextmanager
def tab_of(browser: ClientConnection) -> Iterator[Page]:
    """Open a tab with a profile of its own."""
    profile = _asked(browser, "Target.createBrowserContext")["browserContextId"]
    tab = _asked(browser, "Target.createTarget", url="about:blank", browserContextId=profile)["targetId"]
    with connect(f"ws://127.0.0.1:{browser.remote_address[1]}/devtools/page/{tab}", max_size=None) as socket:
        yield Page(socket)
    _asked(browser, "Target.disposeBrowserContext", browserContextId=profile)


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
