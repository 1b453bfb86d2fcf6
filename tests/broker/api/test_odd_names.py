"""Names as people give them go through every address: publish, tag, label, matrix, can-i-deploy, badges, deletion."""

from typing import Any
from urllib.parse import quote

import pytest

ODD = (
    "a b",
    "a/b",
    "50%",
    "%2F",
    "a+b",
    "who?",
    "a#b",
    "dot.csv",
    "x.json",
    "2.json",
    "picture.svg",
    "saga.yaml",
    ".json",
    "a;b=c&d",
    "\U0001f680",
    "\u0441\u043a\u043b\u0430\u0434",
    "\u6ce8\u6587",
    'q"u\\o',
    "<b>",
    "x" * 255,
    "\u00e9" * 255,
)
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def plain(*names: str) -> str:
    return "/" + "/".join(quote(name, safe="") for name in names)


def test_odd_names_go_through_every_address(broker: Any, make_pact: Any) -> None:
    stage = broker.environment("stage")
    for name in ODD:
        provider = name[:-1] + "P" if len(name) > 200 else f"P {name}"
        goes_through(broker, name, provider, stage, make_pact)
    assert broker.get("/pacticipants")["_embedded"]["pacticipants"] == []


def goes_through(broker: Any, name: str, provider: str, stage: str, make_pact: Any) -> None:
    """Use one name as that of a consumer, its version, branch, tag and label; only the dots stay as they are."""
    broker.publish(name, name, (provider, make_pact(name, provider, "a")), branch=name)
    version = plain("pacticipants", name, "versions", name)
    assert broker.put(version + plain("tags", name), {})["name"] == name
    assert broker.put(plain("pacticipants", name, "labels", name), {})["name"] == name
    broker.put(plain("pacticipants", provider, "branches", name, "versions", name), {})
    pact = broker.get(plain("pacts", "provider", provider, "consumer", name, "version", name))
    result = {"success": True, "providerApplicationVersion": name}
    broker.post(pact["_links"]["pb:publish-verification-results"]["href"], result, 201)
    broker.post(plain("pacticipants", provider, "versions", name, "deployed-versions", "environment", stage), {}, 201)

    assert broker.get(version)["number"] == name
    assert broker.get(broker.get(version)["_links"]["self"]["href"])["number"] == name
    assert broker.get(version + plain("tags", name))["name"] == name
    assert broker.get(plain("pacticipants", name))["name"] == name
    assert broker.get(plain("pacticipants", name, "latest-version", name))["number"] == name
    assert broker.get(plain("pacticipants", name, "branches", name))["name"] == name
    assert broker.get(plain("pacticipants", "label", name))["_embedded"]["pacticipants"][0]["name"] == name
    assert broker.get(plain("pacts", "provider", provider, "consumer", name, "latest", name))["consumer"]["name"] == name
    can = {"pacticipant": name, "version": name, "environment": "stage"}
    assert broker.get("/can-i-deploy", **can)["summary"]["deployable"] is True
    query = "&".join(f"q[][pacticipant]={quote(one)}&q[][version]={quote(name)}" for one in (name, provider))
    (row,) = broker.get(f"/matrix?{query.replace('/', '%2F')}")["matrix"]
    assert (row["consumer"]["version"]["number"], row["provider"]["version"]["number"]) == (name, name)
    asked = {"consumerVersionSelectors": [{"branch": name}], "providerVersionBranch": name}
    (chosen,) = broker.post(plain("pacts", "provider", provider, "for-verification"), asked)["_embedded"]["pacts"]
    assert broker.get(chosen["_links"]["self"]["href"])["consumer"]["name"] == name
    leads_to_a_picture(broker, plain("pacts", "provider", provider, "consumer", name, "latest", "badge"), "verified")
    to_stage = plain("pacticipants", name, "branches", name, "latest-version", "can-i-deploy", "to-environment", "stage", "badge")
    leads_to_a_picture(broker, to_stage, "brightgreen")

    broker.delete(version + plain("tags", name))
    broker.delete(plain("pacticipants", name, "labels", name))
    broker.delete(plain("pacticipants", name, "branches", name))
    broker.delete(version)
    broker.get(version, 404)
    for gone in (name, provider):
        broker.delete(plain("pacticipants", gone))
        broker.get(plain("pacticipants", gone), 404)


def leads_to_a_picture(broker: Any, path: str, word: str) -> None:
    for address in (path, path + ".svg"):
        reply = broker.http.get(address)
        assert reply.status_code == 307, address
        assert word in reply.headers["Location"]


def test_the_ending_of_an_address_asks_for_a_form_only_behind_a_fixed_word(broker: Any, make_pact: Any) -> None:
    broker.publish("x.json", "2.json", ("dot.csv", make_pact("x.json", "dot.csv", "a")))
    assert broker.get("/pacticipants.json")["_embedded"]["pacticipants"][0]["name"] == "dot.csv"
    assert broker.get("/pacticipants/x.json")["name"] == "x.json"
    assert broker.get("/pacticipants/x%2Ejson")["name"] == "x.json"
    assert broker.get("/pacticipants/x", 404)
    assert broker.get("/pacticipants/dot.csv")["_links"]["self"]["href"].endswith("/pacticipants/dot%2Ecsv")
    assert broker.get("/pacts/provider/dot.csv/consumer/x.json/version/2.json")["_links"]["self"]["href"].endswith("/2%2Ejson")
