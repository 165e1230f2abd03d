"""What a stack's first or next deployment would miss, each with what to do. `spy doctor --stack S`. Repairs nothing."""
