"""The second group of benchmarks/speed.py: models that nothing in kgen was tuned for, so that what
holds for the zoo is seen to hold for others.
"""

from __future__ import annotations

from benchmarks.others_images import IMAGES
from benchmarks.others_sequences import SEQUENCES

OTHERS = {**IMAGES, **SEQUENCES}
