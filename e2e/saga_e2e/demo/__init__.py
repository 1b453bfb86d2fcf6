"""The demo: the whole chain on the VAS purchase saga, told step by step."""
