"""The dashboards of a stack: what Grafana shows of trading, of the pipeline and of the platform under it."""
