"""IB gateway simulator: the broker's wire, market days, faults, truth. Imports contracts only; prices on its own."""
