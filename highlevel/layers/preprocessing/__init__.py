"""Layers that make numbers of raw data: words, categories, measures. One file a family."""
