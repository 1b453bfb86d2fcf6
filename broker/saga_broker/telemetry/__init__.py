"""What the broker tells of itself while it works: figures for Prometheus, and traces by OpenTelemetry where they are wanted."""
