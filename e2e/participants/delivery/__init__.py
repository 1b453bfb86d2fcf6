"""`delivery` hands parcels over. It takes an order at once (202), hands over later, then calls back. It never refuses."""
