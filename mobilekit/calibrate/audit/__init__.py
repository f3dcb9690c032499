"""What a set of calibration photos covers: skin tones, light, colour, sharpness; and what it lacks.

Pixels in, numbers out: each photo is made small first and looked at once, none is kept.
"""

from mobilekit.calibrate.audit.tone import SKIN_GROUPS, SkinGroup, skin_group

__all__ = ["SKIN_GROUPS", "SkinGroup", "skin_group"]
