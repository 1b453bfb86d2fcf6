"""Pact's own verifier as its users run it: `python -m tests.benchmarks.verifier.plain URL PACT`; prints how many it judged."""

import sys

from pact import Verifier


def main(url: str, pact: str) -> None:
    """Verify every interaction.

    Raises:
        RuntimeError: when one is not kept.
    """
    verifier = Verifier("items", host="127.0.0.1").add_transport(url=url).add_source(pact)
    verifier.state_handler(f"{url}/_states", teardown=True, body=True)
    verifier.verify()
    sys.stderr.write(f"{len(verifier.results['interactionResults'])}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
