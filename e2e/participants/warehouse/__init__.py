"""`warehouse` keeps pieces for an order, and puts them back when it is cancelled."""
