"""Who may what: rights, tokens, and which right a request needs. Pure: `store.access` keeps tokens, `api.access` asks."""
