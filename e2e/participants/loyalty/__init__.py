"""`loyalty` grants bonuses while a campaign runs. It is older than sagas: only its database shows how many were granted."""
