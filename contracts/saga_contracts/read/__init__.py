"""The text of a saga file and its rules: places of values, and everything that can be wrong across fields."""
