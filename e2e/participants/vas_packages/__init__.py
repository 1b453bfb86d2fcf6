"""`vas_packages` makes packages for users. It takes an order at once (202), makes the package later, then calls back."""
