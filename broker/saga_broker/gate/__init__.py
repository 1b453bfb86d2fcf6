"""The rules that decide: verdicts of the matrix and of a saga. Pure: no database, no HTTP, no clock."""
