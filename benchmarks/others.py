"""The second group of benchmarks/speed.py: models that tell whether what the zoo shows
holds for others too.
"""

from __future__ import annotations

from benchmarks.others_images import IMAGES
from benchmarks.others_sequences import SEQUENCES
from benchmarks.others_tiny import TINY

OTHERS = {**TINY, **IMAGES, **SEQUENCES}
