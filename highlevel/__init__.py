"""thalweg: the public API (folder highlevel/)."""

if __name__ != "thalweg":
    raise ImportError(f"import this package as 'thalweg', not as {__name__!r}")

__version__ = "0.1.0"
