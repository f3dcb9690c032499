"""What a set of calibration photos covers: skin tones, light, colour, sharpness; and what it lacks.

Pixels in, numbers out: each photo is made small first and looked at once, none is kept::

    photo ─ thumbnail ─┬─ faces / heads ─ skin ─ tone ─┐
                       ├─ light ───────────────────────┼─ measure ─ coverage ─┐
                       └─ blur, grain ─────────────────┘                      ├─ audit
    statistics of two halves ─ ranges ─ stability ────────────────────────────┘
"""

from mobilekit.calibrate.audit.measure import Measures, measure
from mobilekit.calibrate.audit.stability import Stability, stability
from mobilekit.calibrate.audit.summary import Audit, audit
from mobilekit.calibrate.audit.tone import SKIN_GROUPS, SkinGroup, skin_group

__all__ = [
    "SKIN_GROUPS",
    "Audit",
    "Measures",
    "SkinGroup",
    "Stability",
    "audit",
    "measure",
    "skin_group",
    "stability",
]
