"""Where pacts come from and where their results go: files, a broker. Each is read by itself, so that none can hide another."""
