"""One file a framework: how it builds a described network, and what its steps are."""
