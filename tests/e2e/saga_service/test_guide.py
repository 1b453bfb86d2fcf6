"""The commands of the section on the saga service in `e2e/README.md`, run by a shell."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from patience import PATIENCE_S
from saga_service.limits import Limits
from saga_verifier.isolation.process.ports import Reservation

ROOT = Path(__file__).parents[3]
SECTION = (ROOT / "e2e" / "README.md").read_text(encoding="utf-8").partition("## The saga service\n")[2].partition("\n## ")[0]
BLOCKS = re.findall(r"```sh\n(.*?)```", SECTION, re.DOTALL)


def test_the_service_starts_as_the_guide_says(tmp_path: Path, wait_until: Any) -> None:
    reserved = Reservation()
    command = BLOCKS[0].replace("8100", str(reserved.port)).replace("e2e:contracts", f"{ROOT}/e2e:{ROOT}/contracts")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    started = subprocess.Popen(["bash", "-c", f"exec env {command.strip()}"], cwd=tmp_path, env={"PATH": path})

    def tells() -> Any:
        assert started.poll() is None
        try:
            return httpx.get(f"http://127.0.0.1:{reserved.port}/participants", trust_env=False).json()["participants"]
        except httpx.TransportError:
            return None

    try:
        assert list(wait_until(tells, PATIENCE_S)) == ["billing"]
    finally:
        started.terminate()
        started.wait(PATIENCE_S)
        reserved.release()


def test_its_commands_do_what_the_guide_says(shared_service: Any, play: Any, new_run: Any, definitions: Any) -> None:
    shared_service.http.put("/definitions/vas_purchase", json=definitions["sure"] | {"saga": "vas_purchase"})
    saga, _ = play("decided", {("tell", "do"): ["503"]})
    environment = {"PATH": os.environ["PATH"], "SERVICE": shared_service.url, "SAGA_ID": saga["saga_id"]}
    said = {}
    for line in BLOCKS[1].splitlines():
        asked = line.replace("limit=20", "limit=1000")  # other tests' sagas stand before this one
        done = subprocess.run(["bash", "-c", asked], env=environment, capture_output=True, text=True, check=True)
        said[line.split("$SERVICE/")[1].split('"')[0].split("?")[0].replace("$SAGA_ID", "ID")] = done.stdout
        if "/resume" in line:
            assert shared_service.ended(saga["saga_id"])["history"].count("escalated") == 2
    assert saga["saga_id"] in said["sagas"]
    assert json.loads(said["sagas/ID"])["state"] == "escalated"
    assert json.loads(said["checker/ID"])["verdict"] == "not_ended"
    assert saga["saga_id"] in said["escalations"]
    assert (said["escalations/ID/resume"], said["escalations/ID/settle"]) == ("", "")
    assert [one["act"] for one in shared_service.saga(saga["saga_id"])["acts"]] == ["resume", "settle"]
    assert json.loads(said["participants"])["participants"]["partner"]["is_up"] is True
    assert json.loads(said["definitions/vas_purchase"])["versions"][0]["number"] == 1
    for family in re.findall(r"`(?:saga_service|…)_(\w+)", SECTION.partition("- `/metrics`")[2]):
        assert f"# TYPE saga_service_{family} gauge" in said["metrics"], family


def test_every_variable_that_looks_after_sagas_is_in_the_guide() -> None:
    named = set(re.findall(r"`(SAGA_[A-Z_]+)`", Limits.__doc__ or ""))
    assert named
    assert named <= set(re.findall(r"`(SAGA_[A-Z_]+)`", SECTION))
