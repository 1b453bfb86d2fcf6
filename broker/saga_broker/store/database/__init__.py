"""The database itself: its tables and column types, the connection, its migrations, and how statements are run."""
