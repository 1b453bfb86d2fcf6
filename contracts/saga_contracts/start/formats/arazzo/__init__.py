"""Arazzo 1.0 and 1.1: `shape` is what stands in the file, `reading` makes the steps of a saga of it."""
