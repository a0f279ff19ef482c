"""Trained weights on disk: safetensors files and a manifest that knows their hashes.

Layout, readable without this package::

    data/weights/manifest.json                        hashes and provenance of all that follows
    data/weights/<condition>/seed-<n>.safetensors            l0 (7, 7), l1 (64, 9, 9), K (64, 64, k, k), l1_gain, l1_offset (64,);
                                                             float32, but K, and of a control l0 and l1 too, may be float16
    data/weights/<condition>/seed-<n>.snapshots.safetensors  float16, named <step>/l0, <step>/l1, ... and, at fewer steps, <step>/K;
                                                             not the start, which ``initial_early`` draws again from the seed
    data/weights/<condition>/seed-<n>.rest.safetensors       what completes the network: norms, tail, read-out
    data/weights/<condition>/seed-<n>.log.jsonl              the training log

A condition without l0 or lateral connections has no tensor of that name; the last three files may be left out. ``data/banks`` holds filters
of others, for :func:`load_bank`.
"""

from paper_code.weights.store import (
    DIRECTORY,
    configuration,
    entry,
    initial_early,
    load_bank,
    load_early,
    load_network,
    load_snapshots,
    manifest,
    read_log,
    seeds,
    shipped,
    verify,
)

__all__ = [
    "DIRECTORY",
    "configuration",
    "entry",
    "initial_early",
    "load_bank",
    "load_early",
    "load_network",
    "load_snapshots",
    "manifest",
    "read_log",
    "seeds",
    "shipped",
    "verify",
]
