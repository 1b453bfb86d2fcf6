"""What is asked about kept versions is answered as before, after any history."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

CONSUMERS = {"Web": ("Shop", "Pay"), "App": ("Shop",), "Shop": ("Pay",)}
PROVIDERS = ("Shop", "Pay")
BRANCHES = ("main", "feat/a", "feat/b", "feat/c")
TAGS = ("dev", "prod", "old")
SINCE = "2000-01-01"
SELECTORS: tuple[list[dict[str, Any]], ...] = (
    [],
    [{"latest": True}],
    [{"mainBranch": True}, {"deployedOrReleased": True}],
    [{"branch": "feat/a", "fallbackBranch": "main"}],
    [{"tag": "dev", "latest": True}],
)


class History:
    """A random history, made by requests."""

    def __init__(self, broker: Any, make_pact: Any, seed: int) -> None:
        self.broker, self.make_pact = broker, make_pact
        self.random = random.Random(seed)
        self.numbers: dict[str, list[str]] = {}

    def make(self, steps: int) -> None:
        for _ in range(steps):
            act = self.random.choice(
                [self.publish, self.publish, self.provide, self.verify, self.verify, self.verify, self.deploy]
            )
            act()

    def publish(self) -> None:
        consumer = self.random.choice([*CONSUMERS])
        pacts = [(one, self.make_pact(consumer, one, self.random.choice("xxy"))) for one in CONSUMERS[consumer]]
        fields: dict[str, Any] = {"branch": self.random.choice(BRANCHES)} if self.random.random() < 0.8 else {}
        tags = [tag for tag in TAGS if self.random.random() < 0.1]
        self.broker.publish(consumer, self.new(consumer), *pacts, tags=tags, **fields)

    def provide(self) -> None:
        provider = self.random.choice(PROVIDERS)
        number = self.new(provider)
        self.broker.put(f"/pacticipants/{provider}/versions/{number}", {})
        if self.random.random() < 0.8:
            self.broker.put(f"/pacticipants/{provider}/branches/{self.pick(BRANCHES)}/versions/{number}", {})
        for tag in TAGS:
            if self.random.random() < 0.1:
                self.broker.put(f"/pacticipants/{provider}/versions/{number}/tags/{tag}", {})

    def verify(self) -> None:
        consumer = self.random.choice([*CONSUMERS])
        provider = self.random.choice(CONSUMERS[consumer])
        if self.numbers.get(consumer) and self.numbers.get(provider):
            version, number = self.random.choice(self.numbers[provider]), self.random.choice(self.numbers[consumer])
            if self.broker.http.get(f"/pacts/provider/{provider}/consumer/{consumer}/version/{number}").status_code == 200:
                for _ in range(self.random.choice([1, 1, 3])):
                    self.broker.verify(consumer, number, provider, version, success=self.random.random() < 0.7)

    def deploy(self) -> None:
        name = self.random.choice(sorted({*CONSUMERS, *PROVIDERS}))
        if self.numbers.get(name) and self.random.random() < 0.3:
            self.broker.deploy(name, self.random.choice(self.numbers[name]), self.random.choice(["test", "stage"]))

    def new(self, name: str) -> str:
        known = self.numbers.setdefault(name, [])
        known.append(str(len(known) + 1))
        return known[-1]

    def pick(self, names: tuple[str, ...]) -> str:
        return self.random.choice(names).replace("/", "%2F")


def versions(broker: Any) -> set[tuple[str, str]]:
    found = set()
    for name in {*CONSUMERS, *PROVIDERS}:
        reply = broker.http.get(f"/pacticipants/{name}/versions", params={"pageSize": 500})
        found |= {(name, one["number"]) for one in reply.json()["_embedded"]["versions"]} if reply.status_code == 200 else set()
    return found


def pairs(known: set[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    for consumer in sorted(known):
        for provider in sorted(known):
            if provider[0] in CONSUMERS.get(consumer[0], ()):
                yield consumer, provider


def gate_answers(broker: Any, known: set[tuple[str, str]]) -> dict[Any, Any]:
    """Ask the matrix about each pair of versions, and can-i-deploy about each version and place."""
    found: dict[Any, Any] = {}
    for pair in pairs(known):
        if sum(int(number) for _, number in pair) % 3:  # a third of them is enough
            continue
        query = [part for name, number in pair for part in (("q[][pacticipant]", name), ("q[][version]", number))]
        found[pair] = broker.get("/matrix?" + "&".join(f"{key}={value}" for key, value in [*query, ("latestby", "cvp")]))
    places = [one["name"] for one in broker.get("/environments")["_embedded"]["environments"]]
    for name, number in sorted(known):
        for place in places:
            found[name, number, place] = broker.get(
                "/can-i-deploy", pacticipant=name, version=number, environment=place, latestby="cvp"
            )
    return found


def verification_answers(broker: Any) -> dict[Any, Any]:
    """Ask what is to be verified, what of it is pending, and what is work in progress, by branch and by tag."""
    found: dict[Any, Any] = {}
    known = {name for name, _ in versions(broker)}
    own = [{"providerVersionBranch": name} for name in (*BRANCHES, "new")] + [{"providerVersionTags": [tag]} for tag in TAGS]
    for provider in known & {*PROVIDERS}:
        for who in [*own, {}]:
            for selectors in SELECTORS:
                body = {**who, "consumerVersionSelectors": selectors, "includePendingStatus": True}
                body |= {"includeWipPactsSince": SINCE} if who else {}
                found[provider, str(who), str(selectors)] = broker.post(f"/pacts/provider/{provider}/for-verification", body)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_the_same_answers_are_given_about_all_that_is_kept(
    broker: Any, make_pact: Any, clean: Any, stretch: Any, seed: int
) -> None:
    history = History(broker, make_pact, seed)
    history.make(120)
    stretch(1500)
    before = versions(broker)
    gate, verification = gate_answers(broker, before), verification_answers(broker)

    told = clean("--branches-older-than", "5000")

    after = versions(broker)
    assert 0 < len(after) < len(before), told
    assert any("repeated results" in line for line in told)
    kept = gate_answers(broker, after)
    assert kept == {question: gate[question] for question in kept}
    assert verification_answers(broker) == verification
    assert clean("--branches-older-than", "5000") == ["nothing to delete"]
