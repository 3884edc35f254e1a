"""One file a framework: how it makes batches of pictures."""
