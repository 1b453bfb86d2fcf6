"""`registration` registers users: it runs its sagas itself, with the saga service as a library, and hears of their failures."""
