"""HTTP at the rim, once for the whole harness: `server` receives, `sender` sends, `redact` lets no secret out."""
