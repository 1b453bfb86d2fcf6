"""The menu that stands on every page: a word and a path, in their order."""

MENU: tuple[tuple[str, str], ...] = (
    ("Integrations", "/"),
    ("Pacticipants", "/pacticipants"),
    ("Environments", "/environments"),
    ("Matrix", "/matrix"),
    ("Sagas", "/sagas"),
    ("Network", "/network"),
    ("Jobs", "/jobs"),
    ("Webhooks", "/webhooks"),
)
