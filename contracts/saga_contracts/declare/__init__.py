"""What a saga file can say, as values: shapes, templates, the catalogue of obligations."""
