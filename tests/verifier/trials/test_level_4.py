"""Level 4 is provable: a service with durable data that says what it depends on is kept by the command itself."""

import json
import sys
from pathlib import Path

import paying_participant
from command_line import Sagapact
from paying_participant import REPLIES, SAGA
from written_pacts import pact_of


def test_a_service_with_durable_data_that_says_what_it_depends_on_is_kept_at_level_4(tmp_path: Path) -> None:
    pact = pact_of(SAGA.replace("owner: shop", "owner: shop\nlevel: 4"), "till", tmp_path / "pacts")
    provider = {
        "format": 1,
        "provider": "till",
        "start": {"command": [sys.executable, paying_participant.__file__, "{port}", "{workdir}/till.sqlite"]},
        "states": {"path": "/_states"},
        "depends": [{"name": "payments", "env": "PAYMENTS_URL", "replies": REPLIES}],
        "database": "sqlite:///{workdir}/till.sqlite",
    }
    (tmp_path / "provider.yaml").write_text(json.dumps(provider), encoding="utf-8")

    done = Sagapact(tmp_path)("verify", "provider.yaml", "--pact", pact, "--no-publish", "--json")

    [deck] = json.loads(done.out)["pacts"][0]["decks"]
    assert done.status == 0, deck
    disturbed = ("O5", "O10", "O16", "O17", "O30", "O34", "O35")
    assert {one: deck["obligations"][one] for one in disturbed} == dict.fromkeys(disturbed, "kept") | {"O30": "not applicable"}
    assert deck["reply_ms"]["median"] <= deck["reply_ms"]["longest"]
