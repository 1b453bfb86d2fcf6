"""One module for each kind of document that a draft is made from; all of them give what was told as `start.told`."""
