"""What every service shares: clocks, JSON logs, locks, and a graceful stop."""
