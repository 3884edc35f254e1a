"""Pictures turned, shifted, zoomed and mirrored: thalweg's batches beside those of its peers.

    python -m benchmarks.images --only augment --seconds 10

`pictures.py` has what goes in, `folders.py` makes folders of files, `workers/` say how each
framework makes batches of it. Protocol, turns and tables are those of `benchmarks.compare`.
"""
