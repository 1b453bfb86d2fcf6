"""Fills a broker with a little of everything that pages show, hostile names among it."""

from typing import Any

HOSTILE = "<script>alert('x')</script>"
ODD_NAMES = (HOSTILE, 'a "quoted" & <b>bold</b> name', "team/a/service", "שירות ההזמנות", "🛒 cart", "x" * 120)
OLD, NEW = "1.0.0", "9f8e7d6c5b4a39281706f5e4d3c2b1a098765432"


def http_pact(consumer: str, provider: str, *, more: bool = False, version: str = "3.0.0") -> dict[str, Any]:
    """Make a pact with states, rules, generators and several kinds of bodies."""
    order = {
        "description": "a request for an order",
        "providerStates": [{"name": "an order exists", "params": {"id": 42}}, {"name": "stock is there"}],
        "request": {
            "method": "GET",
            "path": "/orders/42",
            "query": {"expand": ["items", "customer"]},
            "headers": {"Accept": "application/json"},
            "matchingRules": {"path": {"matchers": [{"match": "regex", "regex": "/orders/\\d+"}]}},
            "generators": {"path": {"type": "ProviderState", "expression": "/orders/${id}"}},
        },
        "response": {
            "status": 200,
            "headers": {"Content-Type": "application/json"},
            "body": {"id": 42, "total": 12.50, "items": [{"sku": "A-1", "amount": 2}]},
            "matchingRules": {
                "body": {
                    "$.id": {"matchers": [{"match": "integer"}]},
                    "$.items": {"matchers": [{"match": "type", "min": 1}]},
                    "$.items[*].sku": {"combine": "OR", "matchers": [{"match": "regex", "regex": "A-.*"}, {"match": "null"}]},
                },
                "header": {"Content-Type": {"matchers": [{"match": "include", "value": "json"}]}},
            },
            "generators": {"body": {"$.id": {"type": "RandomInt", "min": 1, "max": 99}}},
        },
    }
    missing = {
        "description": "a request for an order that does not exist" + (" any more" if more else ""),
        "providerState": "no order exists",
        "request": {"method": "get", "path": "/orders/7", "query": "a=b%20c"},
        "response": {"status": 404},
    }
    return {
        "consumer": {"name": consumer},
        "provider": {"name": provider},
        "interactions": [order, missing],
        "metadata": {"pactSpecification": {"version": version}},
    }


def v4_pact(consumer: str, provider: str) -> dict[str, Any]:
    """Make a pact of version 4 with HTTP, messages, a plugin, comments and something pending."""
    interactions = [
        {
            "type": "Synchronous/HTTP",
            "key": "1",
            "description": "an upload",
            "pending": True,
            "comments": {"text": ["Files up to 5 MB.", HOSTILE], "testname": "upload_test.py", "references": {"jira": "A-1"}},
            "request": {
                "method": "POST",
                "path": "/files",
                "headers": {"Content-Type": ["application/octet-stream"]},
                "body": {"content": "AAEC/w==", "contentType": "application/octet-stream", "encoded": "base64"},
            },
            "response": {
                "status": 201,
                "body": {"content": {"id": "a"}, "contentType": "application/json", "encoded": False},
                "matchingRules": {
                    "status": {"matchers": [{"match": "statusCode", "status": "success"}]},
                    "body": {"$.id": {"matchers": [{"match": "notEmpty"}]}},
                },
            },
        },
        {
            "type": "Asynchronous/Messages",
            "description": "an order was paid",
            "providerStates": [{"name": "an order exists"}],
            "contents": {"content": {"order": 42}, "contentType": "application/json", "encoded": False},
            "metadata": {"topic": "orders", "key": 7},
            "matchingRules": {"body": {"$.order": {"matchers": [{"match": "integer"}]}}},
        },
        {
            "type": "Synchronous/Messages",
            "description": "a price by gRPC",
            "pluginConfiguration": {"protobuf": {"service": "Prices/Get"}},
            "request": {"contents": {"content": "CgE0", "contentType": "application/protobuf", "encoded": "base64"}},
            "response": [{"contents": {"content": "CgE1", "contentType": "application/protobuf", "encoded": "base64"}}],
            "interactionMarkup": {"markup": "| a | b |", "markupType": "COMMON_MARK"},
        },
    ]
    plugins = [{"name": "protobuf", "version": "0.3.5", "configuration": {}}]
    return {
        "consumer": {"name": consumer},
        "provider": {"name": provider},
        "interactions": interactions,
        "metadata": {"pactSpecification": {"version": "4.0"}, "plugins": plugins},
    }


def v2_pact(consumer: str, provider: str) -> dict[str, Any]:
    """Make a pact of version 2, whose rules stand in paths."""
    response = {
        "status": 200,
        "body": {"name": "a"},
        "matchingRules": {"$.body.name": {"match": "type"}, "$.headers.X": {"match": "regex", "regex": "\\w+"}},
    }
    one = {"description": "a name", "request": {"method": "GET", "path": "/"}, "response": response}
    metadata = {"pactSpecification": {"version": "2.0.0"}}
    return {"consumer": {"name": consumer}, "provider": {"name": provider}, "interactions": [one], "metadata": metadata}


def messages_pact(consumer: str, provider: str) -> dict[str, Any]:
    """Make a pact of version 3 with messages."""
    one = {
        "description": "an event",
        "providerStates": [{"name": "something happened"}],
        "contents": {"id": 1},
        "metaData": {"contentType": "application/json"},
        "matchingRules": {"body": {"$.id": {"matchers": [{"match": "type"}]}}},
    }
    metadata = {"pactSpecification": {"version": "3.0.0"}}
    return {"consumer": {"name": consumer}, "provider": {"name": provider}, "messages": [one], "metadata": metadata}


def fill(broker: Any) -> None:
    """Fill a broker of the tests."""
    _orders(broker)
    _others(broker)
    for name in ODD_NAMES:
        branch = name if len(name) < 100 else "main"
        broker.publish(name, "1", (f"{name} provider", v4_pact(name, f"{name} provider")), branch=branch, tags=[name])
    broker.post("/pacticipants", {"name": "nobody's"}, 201)
    request = {"method": "POST", "url": "https://hooks.example/1"}
    hook = {"consumer": {"name": "shop"}, "events": [{"name": "contract_content_changed"}], "request": request}
    broker.post("/webhooks", hook, 201)


def _orders(broker: Any) -> None:
    old, new = http_pact("shop", "orders"), http_pact("shop", "orders", more=True)
    new["interactions"][0]["response"]["body"]["currency"] = "EUR"
    broker.publish("shop", OLD, ("orders", old), branch="main", tags=["prod"], buildUrl="https://ci.example/1")
    broker.publish("shop", "1.1.0", ("orders", old), branch="main")
    broker.publish("shop", NEW, ("orders", new), ("prices", v4_pact("shop", "prices")), branch="feat/currency", tags=["dev"])
    broker.put("/pacticipants/orders/versions/5/tags/prod", {})
    broker.put("/pacticipants/orders/branches/main/versions/5", {})
    broker.put("/pacticipants/shop/labels/team-a", {})
    body = {"mainBranch": "main", "repositoryUrl": "https://git.example/shop", "displayName": "The shop"}
    broker.patch("/pacticipants/shop", body)
    broker.patch("/pacticipants/orders", {"repositoryUrl": "javascript:alert(1)"}, 200)
    broker.verify("shop", OLD, "orders", "5")
    _verify(broker, "shop", NEW, "orders", "6")
    broker.verify("shop", NEW, "prices", "1")
    broker.deploy("shop", OLD, "test")
    broker.deploy("orders", "5", "test")
    broker.deploy("shop", OLD, "production")
    uuid = broker.environment("production")
    broker.put(f"/environments/{uuid}", {"name": "production", "production": True, "displayName": "Production"}, 200)
    broker.deploy("orders", "5", "production", applicationInstance="blue")
    broker.post(f"/pacticipants/shop/versions/{NEW}/released-versions/environment/{broker.environment('test')}", {}, 201)


def _others(broker: Any) -> None:
    broker.publish("app", "1", ("shop", v2_pact("app", "shop")), branch="main")
    broker.verify("app", "1", "shop", OLD, success=False)
    broker.publish("audit", "1", ("orders", messages_pact("audit", "orders")))
    broker.verify("audit", "1", "orders", "5")
    broker.publish("audit", "2", ("orders", {**messages_pact("audit", "orders"), "messages": []}))
    odd = {"consumer": {"name": "app"}, "provider": {"name": "orders"}, "something": "else"}
    broker.publish("app", "2", ("orders", odd), branch="main")


def _verify(broker: Any, consumer: str, number: str, provider: str, version: str) -> None:
    """Publish a failure that tells of each interaction."""
    pact = broker.get(f"/pacts/provider/{provider}/consumer/{consumer}/version/{number}")
    ids = [one["_id"] for one in pact["interactions"]]
    told = [
        {"interactionId": ids[0], "success": False, "mismatches": [_MISMATCH, {"attribute": "status", "description": HOSTILE}]},
        {"interactionId": ids[1], "success": True},
        {"interactionDescription": "something else", "success": False, "exceptions": [{"message": "it did not answer"}]},
    ]
    body = {
        "success": False,
        "providerApplicationVersion": version,
        "buildUrl": "https://ci.example/2",
        "testResults": told,
        "verifiedBy": {"implementation": "pact-rust", "version": "1.2"},
    }
    broker.post(pact["_links"]["pb:publish-verification-results"]["href"], body, 201)


_MISMATCH = {"attribute": "body", "identifier": "$.currency", "description": "Expected 'EUR' (String) but was missing"}
