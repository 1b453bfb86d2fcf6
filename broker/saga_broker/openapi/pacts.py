"""The description of pacts: publishing, reading, lists, differences, provider states, and pacts for verification. Pure."""

from saga_broker.http.media import EXTENDED_PACT, HAL, JSON
from saga_broker.http.media import TEXT as PLAIN
from saga_broker.openapi.operation import (
    CONSUMER_VERSION,
    FLAGS,
    TEXTS,
    TRUE,
    Answer,
    Operation,
    Operations,
    Query,
    Schemas,
    removes,
    shows,
)
from saga_broker.openapi.shapes import (
    ANY,
    FLAG,
    MOMENT,
    TEXT,
    Schema,
    closed,
    each,
    embedded,
    links,
    many,
    one_of,
    open_,
    or_null,
    ref,
)
from saga_broker.openapi.shared import NAME, SELF, WEB_ADDRESS

_PACT_LINKS = links(
    *("self", "pb:consumer", "pb:consumer-version", "pb:consumer-versions[]?", "pb:provider", "pb:pact-version"),
    *("pb:latest-pact-version", "pb:all-pact-versions", "pb:latest-untagged-pact-version", "pb:latest-tagged-pact-version"),
    *("pb:previous-distinct", "pb:diff-previous-distinct", "pb:diff", "pb:pact-webhooks", "pb:consumer-webhooks"),
    *("pb:tag-prod-version", "pb:tag-version", "pb:publish-verification-results", "pb:latest-verification-results"),
    *("pb:triggered-webhooks", "pb:matrix-for-consumer-version", "curies[]"),
)
_PARTS = each(ANY, "consumer?", "provider?", "interactions?", "messages?", "metadata?")
_SHORT_PACTS = embedded({"pacts": many(ref("ShortPact"))})
_TAG = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[^\x00]*[^\s\x00][^\x00]*$"}
_WORD: Schema = {**_TAG, "pattern": r"^[^\x00]+$"}
_BRANCH = or_null(NAME)
_TRUE_ONLY: Schema = {"const": True}

SCHEMAS: Schemas = {
    "SentPact": {
        **open_(_PARTS),
        "description": "A pact file. Any JSON object is taken; names of its consumer and provider must be those of the address.",
    },
    "Pact": {
        **open_(
            {
                **_PARTS,
                "createdAt": MOMENT,
                "_links": _PACT_LINKS,
            },
        ),
        "description": "A pact file as it was published; every interaction and message has got an `_id`.",
    },
    "ExtendedPact": closed(
        {
            "createdAt": MOMENT,
            "contract": {"type": "object"},
            **embedded({"tags": many(closed({"name": TEXT, "latest?": FLAG}))}),
            "_links": _PACT_LINKS,
        },
    ),
    "ShortPact": closed({"createdAt": MOMENT, **embedded({"consumerVersion": ref("ShortVersion")}), **SELF}),
    "PactsOfPair": closed({**_SHORT_PACTS, "_links": links("self", "consumer", "provider", "pact-versions[]")}),
    "TaggedPacts": closed({**_SHORT_PACTS, "_links": links("self", "pb:consumer", "pb:provider", "pb:pact-versions[]")}),
    "PactsOfProvider": closed({"_links": links("self", "pb:provider", "pb:pacts[]", "provider", "pacts[]")}),
    "LatestPacts": closed({"pacts": many(ref("LatestPact")), "_links": links("self", "pb:pacts[]", "pacts[]", "curies[]")}),
    "LatestPact": closed(
        {
            "createdAt": MOMENT,
            **embedded(
                {
                    "consumer": closed({"name": TEXT, **embedded({"version": ref("ShortVersion")}), **SELF}),
                    "provider": ref("Named"),
                },
            ),
            "_links": links("self[]"),
        },
    ),
    "PactRemoved": closed({"_links": links("index", "pb:latest-pact-version?")}),
    "NewContracts": open_(
        {
            "pacticipantName": NAME,
            "pacticipantVersionNumber": NAME,
            "branch?": _BRANCH,
            "buildUrl?": or_null(WEB_ADDRESS),
            "tags?": or_null(many(NAME)),
            "contracts": many(ref("NewContract")),
        },
    ),
    "NewContract": open_(
        {
            "consumerName": NAME,
            "providerName": NAME,
            "content": {"type": "string", "contentEncoding": "base64", "minLength": 4},
            "contentType": one_of(JSON),
            "specification": one_of("pact"),
            "onConflict?": or_null(one_of("overwrite", "merge")),
        },
    ),
    "Published": closed(
        {
            "logs": many(closed({"level": TEXT, "message": TEXT, "deprecationWarning": TEXT})),
            "notices": many(ref("Notice")),
            **embedded({"pacticipant": ref("Named"), "version": ref("ShortVersion")}),
            "_links": links("pb:pacticipant", "pb:pacticipant-version", "pb:pacticipant-version-tags[]", "pb:contracts[]"),
        },
    ),
    "ProviderStates": closed({"providerStates": many(closed({"name": TEXT, "params?": ANY, "consumers": many(TEXT)}))}),
    "PactsForVerification": closed({**embedded({"pacts": many(ref("PactForVerification"))}), **SELF}),
    "PactForVerification": closed(
        {
            "shortDescription": TEXT,
            "verificationProperties": closed(
                {"pending?": FLAG, "wip?": FLAG, "notices": many(closed({"when": TEXT, "text": TEXT}))},
            ),
            **SELF,
        },
    ),
    "ForVerification": open_(
        {
            "consumerVersionSelectors?": {**many(ref("Selector")), "maxItems": 500},
            "providerVersionBranch?": {"type": ["string", "null"], "maxLength": 255, "pattern": r"^[^\x00]*$"},
            "providerVersionTags?": or_null(many(ANY)),
            "includePendingStatus?": FLAG,
            "includeWipPactsSince?": TEXT,
        },
    ),
    "Selector": {
        **open_(
            {
                **{f"{name}?": _WORD for name in ("consumer", "environment", "tag", "fallbackTag", "fallbackBranch")},
                "branch?": {"anyOf": [_WORD, _TRUE_ONLY]},
                "latest?": FLAG,
                **{
                    f"{name}?": _TRUE_ONLY
                    for name in ("mainBranch", "matchingBranch", "deployed", "released", "deployedOrReleased")
                },
            },
        ),
        "description": "Which versions of consumers are meant; at least one member beside `consumer` must be given.",
    },
}

_PAIR = "/pacts/provider/{provider}/consumer/{consumer}"
_PACT = _PAIR + "/version/{number}"
_CONTENT = _PAIR + "/pact-version/{sha}"
_PROVIDER = "/pacts/provider/{provider}"
_STATES = _PROVIDER + "/provider-states"
_SHOWN = Operation(
    {200: Answer(ref("Pact"), headers=(CONSUMER_VERSION,), forms={EXTENDED_PACT: ref("ExtendedPact")})},
    (404,),
)
_STORED = Answer(ref("Pact"), headers=(CONSUMER_VERSION,), text="Stored under a version that already had a pact.")
_NEW = Answer(ref("Pact"), headers=(CONSUMER_VERSION,), text="The version's first pact with this provider.")
_STORES = Operation({200: _STORED, 201: _NEW}, (400, 409), (), ref("SentPact"))
_GONE = Operation({200: Answer(ref("PactRemoved"), (HAL,))}, (404,))
_OF_PROVIDER = shows(ref("PactsOfProvider"), 404)
_OF_PAIR = shows(ref("PactsOfPair"), 404)
_DIFFERENCE = shows(None, 404, 408, media=(PLAIN,))
_OLD = "consumer_version_selectors[]"
_OLD_FORM = (
    Query(f"{_OLD}[tag]", "Consumer versions with this tag.", TEXTS),
    Query(f"{_OLD}[branch]", "Consumer versions on this branch.", TEXTS),
    Query(f"{_OLD}[environment]", "Consumer versions in this environment.", TEXTS),
    Query(f"{_OLD}[consumer]", "Only this consumer.", TEXTS),
    Query(f"{_OLD}[latest]", "Only the newest of them.", FLAGS),
    Query(f"{_OLD}[fallback_tag]", "The tag to take when none has the other one.", TEXTS),
    Query("provider_version_tags[]", "Tags of the provider's version.", TEXTS),
    Query("provider_version_branch", "The branch of the provider's version."),
    Query("include_pending_status", "Tell which pacts are pending.", TRUE),
    Query("include_wip_pacts_since", "Add work in progress that is younger than this date."),
)

OPERATIONS: Operations = {
    "POST /contracts/publish": Operation({200: Answer(ref("Published"))}, (400, 409), (), ref("NewContracts")),
    f"GET {_PACT}": _SHOWN,
    f"PUT {_PACT}": _STORES,
    f"PATCH {_PACT}": _STORES,
    f"DELETE {_PACT}": _GONE,
    f"GET {_CONTENT}": _SHOWN,
    f"GET {_CONTENT}/metadata/{{meta}}": _SHOWN,
    f"GET {_PAIR}/latest": _SHOWN,
    f"GET {_PAIR}/latest/{{tag}}": _SHOWN,
    f"GET {_PAIR}/latest-untagged": _SHOWN,
    f"GET {_PAIR}/branch/{{branch}}/latest": _SHOWN,
    f"GET {_PAIR}/branch/latest": _SHOWN,
    f"GET {_PACT}/previous-distinct": _SHOWN,
    "GET /pacts/latest": shows(ref("LatestPacts")),
    f"GET {_PAIR}/versions": _OF_PAIR,
    f"DELETE {_PAIR}/versions": removes(404),
    f"GET {_PAIR}/tag/{{tag}}": shows(ref("TaggedPacts"), 404),
    f"DELETE {_PAIR}/tag/{{tag}}": _GONE,
    f"GET {_PAIR}/branch/versions": _OF_PAIR,
    f"GET {_PAIR}/branch/latest/versions": _OF_PAIR,
    f"GET {_PAIR}/branch/{{branch}}": _OF_PAIR,
    f"DELETE {_PAIR}/branch/{{branch}}": _GONE,
    f"GET {_PAIR}/branch/{{branch}}/latest/versions": _OF_PAIR,
    f"GET {_PROVIDER}": _OF_PROVIDER,
    f"GET {_PROVIDER}/latest": _OF_PROVIDER,
    f"GET {_PROVIDER}/latest/{{tag}}": _OF_PROVIDER,
    f"GET {_PROVIDER}/tag/{{tag}}": _OF_PROVIDER,
    f"GET {_PROVIDER}/branch": _OF_PROVIDER,
    f"GET {_PROVIDER}/branch/latest": _OF_PROVIDER,
    f"GET {_PROVIDER}/branch/{{branch}}": _OF_PROVIDER,
    f"GET {_PROVIDER}/branch/{{branch}}/latest": _OF_PROVIDER,
    f"GET {_PACT}/diff/previous-distinct": _DIFFERENCE,
    f"GET {_PACT}/diff/version/{{other}}": _DIFFERENCE,
    f"GET {_CONTENT}/diff/pact-version/{{other}}": _DIFFERENCE,
    f"GET {_STATES}": shows(ref("ProviderStates"), 404),
    f"GET {_STATES}/branch/{{branch}}": shows(ref("ProviderStates"), 404),
    f"GET {_STATES}/environment/{{environment}}": shows(ref("ProviderStates"), 404),
    f"GET {_PROVIDER}/for-verification": shows(ref("PactsForVerification"), 400, 404, query=_OLD_FORM),
    f"POST {_PROVIDER}/for-verification": Operation(
        {200: Answer(ref("PactsForVerification"), (HAL,))}, (400, 404), (), ref("ForVerification")
    ),
}
