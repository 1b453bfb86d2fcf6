"""The small start that `sagapact contracts init` writes: a saga of two steps and its contract tests, which work as they are.

A draft is written beside the same tests. No file that is there already is touched.
"""

from pathlib import Path

from saga_contracts.errors import UsageError

SAGA = """\
# What the saga is, who owns it, and what it is started with. The whole format: `sagapact contracts schema`.
format: 1
saga: {saga}
owner: {owner}
level: 2                       # 1 contracts, 2 and status calls, 3 and effect probes, 4 and crash and race

payload:
  schema:
    type: object
    required: [order_id, sku, pieces]
    properties: {{order_id: {{type: string}}, sku: {{type: string}}, pieces: {{type: integer, minimum: 1}}}}
  example: {{order_id: order-1, sku: sku-1, pieces: 2}}
  fresh: [order_id, sku]       # these get a new value whenever the saga is played

steps:
  # Goods are kept for the order; they are given back when a later step fails.
  - step: reserve_goods
    participant: warehouse
    class: compensatable
    tries: 2
    timeout_ms: 2000
    key: header                # the step key stands in a header of each call
    given:
      enough:   [{{state: pieces are in stock, params: {{sku: "{{payload.sku}}", pieces: "{{payload.pieces}}"}}}}]
      refusing: [{{state: pieces are in stock, params: {{sku: "{{payload.sku}}", pieces: 0}}}}]
    forward:
      request:
        method: POST
        path: /reservations
        headers: {{Idempotency-Key: "{{key}}"}}
        body: {{order_id: "{{payload.order_id}}", sku: "{{payload.sku}}", pieces: "{{payload.pieces}}"}}
      replies:
        done: {{status: 201, body: {{state: reserved}}}}
        done_again: {{status: 200, body: {{state: reserved}}}}
        refused: {{status: 409, body: {{error: out_of_stock}}}}
        suspended: {{status: 410, body: {{error: released}}}}
        misused: {{status: 422, body: {{error: key_reused}}}}
    compensate:
      request: {{method: POST, path: /reservations/release, headers: {{Idempotency-Key: "{{key}}"}}}}
      replies:
        done: {{status: 200, body: {{state: released}}}}
    status:
      request: {{method: GET, path: /reservations/status, headers: {{Idempotency-Key: "{{key}}"}}}}
      replies:
        applied: {{status: 200, body: {{state: reserved}}}}
        refused: {{status: 200, body: {{state: refused}}}}
        compensated: {{status: 200, body: {{state: released}}}}
        absent: {{status: 404}}

  # The customer is told; this is repeated until it is done, and never undone.
  - step: tell_customer
    participant: notifications
    class: retriable
    after: [reserve_goods]
    tries: 3
    timeout_ms: 2000
    key: header
    forward:
      request:
        method: POST
        path: /messages
        headers: {{Idempotency-Key: "{{key}}"}}
        body: {{order_id: "{{payload.order_id}}", text: "Your goods are waiting for you."}}
      replies:
        done: {{status: 201, body: {{state: sent}}}}
        done_again: {{status: 200, body: {{state: sent}}}}
        misused: {{status: 422, body: {{error: key_reused}}}}
    status:
      request: {{method: GET, path: /messages/status, headers: {{Idempotency-Key: "{{key}}"}}}}
      replies:
        applied: {{status: 200, body: {{state: sent}}}}
        absent: {{status: 404}}
"""
TESTS = '''\
"""The contracts of the saga beside this file. With a client of your own, write instead:

    @contract_cases(Path(__file__).with_name("saga.yaml"))
    def test_our_client(given: Given) -> str:
        return our_client(given.url).call(given)   # gives "done", "refused", ...
"""

from pathlib import Path

from saga_contracts.testing import library_contracts

test_contracts = library_contracts(Path(__file__).with_name("saga.yaml"))
'''


def write(folder: Path, saga: str) -> list[Path]:
    """Write a saga file and its contract tests into a folder; an existing file is never touched.

    Args:
        folder: Where to; made if it is not there.
        saga: The text of the saga file.

    Raises:
        UsageError: when one of the files is there already, or nothing can be written.
    """
    texts = {"saga.yaml": saga, "test_contracts.py": TESTS}
    paths = [folder / name for name in texts]
    there = [path for path in paths if path.exists()]
    if there:
        raise UsageError(f"{there[0]} is there already, and is left alone. Name another folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in paths:
            with path.open("x", encoding="utf-8") as file:  # not even through a link that leads nowhere
                file.write(texts[path.name])
    except OSError as error:
        raise UsageError(f"Cannot write to {folder}: {error.strerror or error}. Name a folder that can be written to.") from None
    return paths
