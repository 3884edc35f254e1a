"""Training: data to batches, one step a batch, and the loops around it."""
