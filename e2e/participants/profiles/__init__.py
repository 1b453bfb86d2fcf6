"""`profiles` keeps what users tell of themselves. It is older than sagas: a removal of what is not there is answered 404."""
