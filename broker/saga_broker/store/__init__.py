"""Storage: the tables, the connection, and every SQL statement of the broker. Nothing outside this package speaks SQL."""
