"""Nothing outlives the harness: children that end with their parent, also when it is killed."""
