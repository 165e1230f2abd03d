"""What crosses a process boundary: models, names and units. Imports pydantic and the standard library only."""
