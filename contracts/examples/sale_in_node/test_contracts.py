"""The contracts of the saga `sale`, exercised by a client in another language: each case starts it once."""

import json
import subprocess
from pathlib import Path

from saga_contracts.testing import Given, contract_cases

HERE = Path(__file__).parent


@contract_cases(HERE / "saga.yaml")
def test_our_client(given: Given) -> str:
    call = {
        "step": given.step.step,
        "role": given.role,
        "url": given.url,
        "key": given.key,
        "saga_id": given.saga_id,
        "payload": given.payload,
        "timeout_s": given.timeout_s,
        "tries": given.tries,
    }
    words = ["node", str(HERE / "client.mjs")]
    return subprocess.run(words, input=json.dumps(call), capture_output=True, text=True, check=True).stdout.strip()
