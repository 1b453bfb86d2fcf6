"""The description of the HTTP interface: what every route takes and answers, as an OpenAPI document."""
