"""The description of webhooks and of the calls that they make. Pure."""

from saga_broker.events.event import EVENTS
from saga_broker.http.media import HAL, JSON
from saga_broker.http.media import TEXT as PLAIN
from saga_broker.openapi.operation import Answer, Operation, Operations, Schemas, makes, puts, removes, shows
from saga_broker.openapi.shapes import (
    ANY,
    COUNT,
    FLAG,
    MOMENT,
    TEXT,
    closed,
    embedded,
    links,
    many,
    one_of,
    open_,
    or_null,
    ref,
    table,
)
from saga_broker.openapi.shared import LINE, NAME, SELF, TIMES

_EVENTS = many(closed({"name": one_of(*EVENTS)}))
_SIDE = {"oneOf": [closed({"name": TEXT}), closed({"label": TEXT})]}
_NEW_SIDE = or_null({"oneOf": [open_({"name": NAME}), open_({"label": NAME})]})
_CONTENT = "/pacts/provider/{provider}/consumer/{consumer}"
_PLAIN_HEADER = {"type": ["string", "number", "boolean"], "pattern": r"^[^\r\n\x00]*$"}

SCHEMAS: Schemas = {
    "NewWebhook": open_(
        {
            "description?": ANY,
            "enabled?": FLAG,
            "consumer?": _NEW_SIDE,
            "provider?": _NEW_SIDE,
            "events?": or_null({"type": "array", "minItems": 1, "maxItems": 100, "items": open_({"name": one_of(*EVENTS)})}),
            "request": open_(
                {
                    "method": {"type": "string", "examples": ["POST"]},
                    "url": {"type": "string", "maxLength": 2000, "examples": ["https://ci.example.org/build"]},
                    "headers?": or_null(table(_PLAIN_HEADER)),
                    "body?": ANY,
                    "username?": or_null(LINE),
                    "password?": or_null(LINE),
                },
            ),
        },
    ),
    "Webhook": closed(
        {
            "uuid": TEXT,
            "description": TEXT,
            "consumer?": _SIDE,
            "provider?": _SIDE,
            "enabled": FLAG,
            "request": closed(
                {"method": TEXT, "url": TEXT, "headers?": table(TEXT), "body?": ANY, "username?": TEXT, "password?": TEXT},
            ),
            "events": _EVENTS,
            **TIMES,
            "_links": links(
                *("self", "pb:execute", "pb:consumer?", "pb:consumers?", "pb:provider?", "pb:providers?", "pb:pact-webhooks?"),
                "pb:webhooks",
            ),
        },
    ),
    "Webhooks": closed({"_links": links("self", "pb:create", "pb:webhooks[]", "curies[]")}),
    "WebhookTest": closed(
        {
            "request": closed({"headers": table(TEXT), "body?": ANY, "url": TEXT}),
            "response?": closed({"status": COUNT, "headers": table(TEXT), "body?": ANY}),
            "error?": closed({"message": TEXT}),
            "message?": TEXT,
            "logs": TEXT,
            "success": FLAG,
            "_links": links("webhook?", "try-again"),
        },
    ),
    "TriggeredWebhook": closed(
        {
            "name?": TEXT,
            "status": one_of("not_run", "retrying", "success", "failure"),
            "attemptsMade": COUNT,
            "attemptsRemaining": COUNT,
            "triggerType": one_of("resource_creation"),
            "eventName": one_of(*EVENTS),
            "triggeredAt": MOMENT,
            "_links": links("pb:logs", "logs", "pb:webhook?"),
        },
    ),
    "TriggeredWebhooks": closed({**embedded({"triggeredWebhooks": many(ref("TriggeredWebhook"))}), **SELF}),
    "WebhookStatus": closed(
        {
            "summary": closed({"successful": COUNT, "failed": COUNT, "retrying?": COUNT, "notRun?": COUNT}),
            **embedded({"triggeredWebhooks": many(ref("TriggeredWebhook"))}),
            "_links": links("self", "pb:error-logs[]", "pb:pact-webhooks", "pb:pact-version?", "pb:consumer", "pb:provider"),
        },
    ),
    "WebhookLogs": closed(
        {
            "eventName": one_of(*EVENTS),
            "consumerName?": TEXT,
            "providerName?": TEXT,
            "executions": many(closed({"success": FLAG, "logs": TEXT, "createdAt": MOMENT})),
            **embedded({"triggeredWebhook": closed({"uuid": TEXT})}),
            "_links": links("self", "pb:webhook?"),
        },
    ),
}

_LISTS = shows(ref("Webhooks"), 404)
_MAKES = makes(ref("Webhook"), ref("NewWebhook"), 400, 404)
_TRIED = Answer(ref("WebhookTest"), text="It was tried; whether it went well stands in `success`.")
_CALLS = shows(ref("TriggeredWebhooks"), 404)
_OWN = "/webhooks/{uuid}"

OPERATIONS: Operations = {
    "GET /webhooks": shows(ref("Webhooks")),
    "POST /webhooks": makes(ref("Webhook"), ref("NewWebhook"), 400),
    "POST /webhooks/execute": Operation({200: _TRIED}, (400,), (), ref("NewWebhook")),
    f"GET {_OWN}": shows(ref("Webhook"), 404),
    f"PUT {_OWN}": puts(ref("Webhook"), ref("NewWebhook"), 400, located=False),
    f"DELETE {_OWN}": removes(404),
    f"POST {_OWN}/execute": Operation({200: _TRIED}, (404,)),
    f"GET {_OWN}/triggered-webhooks": _CALLS,
    **{
        f"{method} {path}": operation
        for path in (
            "/webhooks/provider/{provider}/consumer/{consumer}",
            "/webhooks/provider/{provider}",
            "/webhooks/consumer/{consumer}",
            f"{_CONTENT}/webhooks",
        )
        for method, operation in (("GET", _LISTS), ("POST", _MAKES))
    },
    "GET /triggered-webhooks": shows(ref("TriggeredWebhooks")),
    "GET /triggered-webhooks/{uuid}/logs": Operation(
        {200: Answer(ref("WebhookLogs"), (PLAIN, HAL, JSON), text="The attempts; as text unless a document is asked for.")},
        (404,),
    ),
    f"GET {_CONTENT}/webhooks/status": shows(ref("WebhookStatus"), 404),
    f"GET {_CONTENT}/version/{{number}}/triggered-webhooks": _CALLS,
}
