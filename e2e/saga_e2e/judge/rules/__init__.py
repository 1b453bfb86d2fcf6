"""The single rules: ends, effects, records, arrivals, bounds, reasons, the owner, what comes after, sharing (pure)."""
