"""What many documents have in common: links, notices, pages, errors, and the texts that the broker takes. Pure."""

from saga_broker.openapi.operation import Schemas
from saga_broker.openapi.shapes import ADDRESS, COUNT, FLAG, TEXT, Schema, closed, links, many, one_of, ref, table

# Texts of request bodies: a line may be empty, a name has something in it, a word has no blanks.
LINE: Schema = {"type": "string", "maxLength": 255, "pattern": r"^[^\r\n\x00]*$"}
NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[^\r\n\x00]*[^\s\x00][^\r\n\x00]*$"}
WORD: Schema = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[^\r\n\x00 ]+$"}
WEB_ADDRESS: Schema = {"type": "string", "maxLength": 2000, "pattern": r"^[^\r\n\x00]*$"}
ANY_ADDRESS: Schema = {"type": "string", "maxLength": 2000, "pattern": r"^[^\x00]*$"}

PAGED = {"page?": ref("Page")}
TIMES = {"createdAt": {"type": "string", "format": "date-time"}, "updatedAt?": {"type": "string", "format": "date-time"}}
SELF = {"_links": links("self")}

SCHEMAS: Schemas = {
    "Link": closed({"href": TEXT, "title?": TEXT, "name?": TEXT, "templated?": FLAG}),
    "DeploymentLink": closed(
        {"href": TEXT, "title": TEXT, "name": TEXT, "currently_deployed": FLAG, "application_instance?": TEXT},
    ),
    "ReleaseLink": closed({"href": TEXT, "title": TEXT, "name": TEXT, "currently_supported": FLAG}),
    "Page": closed({"number": COUNT, "size": COUNT, "totalElements": COUNT, "totalPages": COUNT}),
    "Notice": closed({"type": one_of("success", "debug", "info", "warning", "prompt", "danger", "error"), "text": TEXT}),
    "Named": closed({"name": TEXT, **SELF}),
    "ShortVersion": closed({"number": TEXT, **SELF}),
    "NamedLatest": closed({"name": TEXT, "latest": FLAG, **SELF}),
    "ErrorText": closed({"error": TEXT}),
    "ErrorFields": closed({"errors": table(many(TEXT))}),
    "ErrorList": closed({"errors": many(TEXT)}),
    "ServerError": closed({"error": closed({"message": TEXT, "reference": TEXT})}),
    "Conflict": closed({"notices": many(ref("Notice")), "errors": closed({"contracts": many(TEXT)})}),
    "Problem": closed(
        {
            "title": TEXT,
            "type": {"type": "string", "format": "uri-reference"},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail?": TEXT,
            "instance?": TEXT,
            "errors?": many(ref("OneProblem")),
        },
    ),
    "OneProblem": closed({"type": ADDRESS, "title": TEXT, "detail": TEXT, "pointer?": TEXT, "parameter?": TEXT}),
}
