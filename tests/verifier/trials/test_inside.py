"""What fails between a participant's own sub-steps is repaired by the retry or by C; who leaves it half done is caught by O35."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import paying_participant
from paying_participant import REPLIES, SAGA
from saga_contracts.derive.slices import step_slice
from saga_contracts.derive.trials import Trial, inside
from saga_contracts.sagafile import parse_saga
from saga_verifier.provider_file.depends import Depended
from saga_verifier.provider_file.document import Document
from saga_verifier.trials import inside as player
from tried import Tried, Trying

CHARGE = step_slice(parse_saga(SAGA, "charging.yaml"), "charge")
failing = Trying(inside.trials, player.play)
PAYMENTS = [{"name": "payments", "env": "PAYMENTS_URL", "replies": REPLIES}]
Tries = Callable[..., Tried]


@pytest.fixture
def paying(tmp_path: Path) -> Tries:
    """Let the calls of the paying participant fail, right or wrong in one way."""

    def tried(wrong: str = "nothing", *names: str, depends: Any = PAYMENTS) -> Tried:
        program = [sys.executable, paying_participant.__file__, "{port}", "{workdir}/till.sqlite", wrong]
        more = {} if depends is None else {"depends": depends}

        def chosen(trial: Trial) -> bool:
            return not names or trial.name in names

        return failing(tmp_path, program, CHARGE, only=chosen, more=more)

    return tried


def test_who_repairs_all_of_it_is_kept(paying: Tries) -> None:
    tried = paying()

    assert (tried.broken, tried.unproven, tried.inapplicable) == ({}, {}, {})
    assert set(tried.results) == {
        name
        for mode in ("closed", "500", "silent", "lost", "kill")
        for name in (f"F inside-{mode} F", f"F inside-{mode} C", f"F C inside-{mode} C")
    }
    assert all("1 of 1 calls to payments, each failed once" in one.how for one in tried.results.values())


def test_the_guide_names_the_services_as_they_are_named_here() -> None:
    guide = (Path(__file__).parents[3] / "provider_verifier" / "README.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```yaml\n(format: 1\nprovider: till\n.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    [text] = [one for one in examples if "\ndepends:\n" in one]
    document = Document.model_validate(yaml.safe_load(text))

    assert document.depends == (Depended.model_validate(PAYMENTS[0]),)


@pytest.mark.parametrize(
    ("wrong", "name", "said"),
    [
        ("new key each time", "F inside-lost F", "payments keeps {'payment': 2} instead of {'payment': 1}"),
        ("new key each time", "F inside-kill F", "payments keeps {'payment': 2} instead of {'payment': 1}"),
        ("remembers only what was paid", "F inside-lost C", "payments keeps {'payment': 1} instead of {}"),
        ("says paid before it pays", "F inside-500 F", "payments keeps {} instead of {'payment': 1}"),
        ("says refunded before it refunds", "F C inside-closed C", "payments keeps {'payment': 1} instead of {}"),
        ("refuses whatever happens", "F inside-lost F", "was answered 402"),
    ],
)
def test_who_leaves_it_half_done_is_caught(wrong: str, name: str, said: str, paying: Tries) -> None:
    tried = paying(wrong, name)

    assert tried.broken == {name: "O35"}, tried.unproven
    assert said in tried.results[name].text.replace('"', "'")


def test_who_refuses_and_leaves_nothing_is_kept(paying: Tries) -> None:
    assert paying("refuses", "F inside-500 F").broken == {}


def test_who_calls_nobody_during_the_step_has_nothing_to_repair(paying: Tries) -> None:
    tried = paying("pays nobody", "F inside-500 F")

    assert tried.inapplicable == {"F inside-500 F": "It makes no call to payments while F is at work."}


def test_who_says_that_it_depends_on_nothing_is_believed_and_who_says_nothing_is_unproven(paying: Tries) -> None:
    assert "`depends: []`" in paying("pays nobody", "F inside-500 F", depends=[]).inapplicable["F inside-500 F"]
    assert "write `depends: []`" in paying("pays nobody", "F inside-500 F", depends=None).unproven["F inside-500 F"]


def test_a_call_that_the_contract_has_not_is_said_and_nobody_accused(paying: Tries) -> None:
    other = [{"name": "payments", "env": "PAYMENTS_URL", "replies": [{"method": "POST", "path": "/pays", "status": 201}]}]
    tried = paying("refuses", "F inside-500 F", depends=other)

    assert tried.broken == {}
    assert "it called payments POST /payments, which `depends` has not" in tried.unproven["F inside-500 F"]
