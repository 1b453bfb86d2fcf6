"""What people and monitoring see of the sagas: figures for Prometheus, and pages."""
