"""`web_gateway` takes orders of customers, starts the saga for each, and hears when one could not be finished as planned."""
