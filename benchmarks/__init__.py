"""What thalweg costs, and what its peers cost at the same work; not part of the installation."""
