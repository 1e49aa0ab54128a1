"""The second group of benchmarks/speed.py: models that tell whether what holds for the zoo holds for
others.
"""

from __future__ import annotations

from benchmarks.others_images import IMAGES
from benchmarks.others_sequences import SEQUENCES

OTHERS = {**IMAGES, **SEQUENCES}
