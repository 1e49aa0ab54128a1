"""The fast style's own stage: what is computed in which order, and how weights lie in memory.

`schedule` rewrites an optimised graph for the C target's fast style. All is decided when exporting,
from shapes alone; `kgen inspect --schedule` prints the decisions with their reasons.
"""

from kgen.schedule.attention import Attention
from kgen.schedule.batch import blocked
from kgen.schedule.lower import follows, schedule
from kgen.schedule.product import Product
from kgen.schedule.saving import Saving
from kgen.schedule.strip import Strip
from kgen.schedule.strips import FOR_SPEED, for_memory, in_strips
from kgen.schedule.threads import in_parts
from kgen.schedule.winograd import Winograd

__all__ = [
    "FOR_SPEED",
    "Attention",
    "Product",
    "Saving",
    "Strip",
    "Winograd",
    "blocked",
    "follows",
    "for_memory",
    "in_parts",
    "in_strips",
    "schedule",
]
