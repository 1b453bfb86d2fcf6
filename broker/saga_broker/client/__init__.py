"""The broker asked over the wire: client, records, commands. Needs the base install only."""
