"""Runs pact-python's verifier against a broker, in a process of its own, since Pact prints to the standard output by itself.

    python pact_python_verifier.py DESCRIPTOR

Each line of the standard input is one run: how it is configured, as JSON, in the words of pact-python. For each run one line of
JSON is written to the open file descriptor: whether the run passed, what was written, and the verifier's own result.
"""

import json
import os
import sys
from typing import Any
from urllib.parse import urlsplit

from pact import Verifier


def main(descriptor: int) -> None:
    """Verify once for each line."""
    with os.fdopen(descriptor, "w", encoding="utf-8", buffering=1) as answers:
        for line in sys.stdin:
            answers.write(json.dumps(verified(json.loads(line))) + "\n")


def verified(run: dict[str, Any]) -> dict[str, Any]:
    """Verify a provider as a run says."""
    verifier = Verifier(run["provider"], host=urlsplit(run["provider_url"]).hostname).add_transport(url=run["provider_url"])
    if "publish" in run:
        verifier.set_publish_options(**run["publish"])
    if "pact_url" in run:
        verifier.add_source(run["pact_url"])
    elif run.get("without_selectors"):
        verifier.broker_source(run["broker_url"], use_env=False)
    else:
        add_selectors(verifier, run)
    passed = True
    try:
        verifier.verify()
    except RuntimeError:  # raised for every interaction that is not as expected
        passed = False
    return {"passed": passed, "output": verifier.output(strip_ansi=True), "results": verifier.results}


def add_selectors(verifier: Verifier, run: dict[str, Any]) -> None:
    """Let the broker select the pacts."""
    source = verifier.broker_source(run["broker_url"], selector=True, use_env=False, **run.get("credentials", {}))
    assert not isinstance(source, Verifier)
    for selector in run.get("selectors", []):
        source.consumer_version(**selector)
    if run.get("pending"):
        source.include_pending()
    if "wip_since" in run:
        source.include_wip_since(run["wip_since"])
    if "branch" in run:
        source.provider_branch(run["branch"])
    source.provider_tags(*run.get("tags", []))
    source.consumer_tags(*run.get("consumer_tags", []))
    source.build()


if __name__ == "__main__":
    main(int(sys.argv[1]))
