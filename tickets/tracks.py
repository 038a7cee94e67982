"""研判 as a table: should it be done at all, and what stands in the way? Together they pick the track of a 办不成事. Pure.

Source: the 办不成事 windows of 邵阳县 (痛快办, 特事特办), 许昌东城区 (办不了, 很难办, 不给办) and 广元.
"""

from enum import StrEnum

from hotline.errors import Refused

SHOULD = {"yes": "该办", "no": "不该办", "unclear": "待研判"}
OBSTACLES = {"none": "没有障碍", "materials": "材料", "policy": "政策", "departments": "跨部门", "system": "系统", "people": "人为"}


class Track(StrEnum):
    """How a stuck matter is handled; the policy has a rule for each, by a tag of the same name."""

    SIMPLE = "simple"
    SPECIAL = "special"
    EXPLAIN = "explain"
    HUMAN = "human"

    @property
    def label(self) -> str:
        """The 中文 name."""
        return TRACK_LABELS[self]


TRACK_LABELS = {Track.SIMPLE: "痛快办", Track.SPECIAL: "特事特办", Track.EXPLAIN: "解释不能办", Track.HUMAN: "人为不给办"}
TRACKS = {
    ("yes", "none"): Track.SIMPLE,
    ("yes", "materials"): Track.SIMPLE,
    ("yes", "policy"): Track.SPECIAL,
    ("yes", "departments"): Track.SPECIAL,
    ("yes", "system"): Track.SPECIAL,
    ("yes", "people"): Track.HUMAN,
} | {("no", obstacle): Track.EXPLAIN for obstacle in OBSTACLES}
"""What is still unclear (待研判) has no track yet: the general rule for 办不成事 holds."""


def track_of(should: str, obstacle: str) -> Track | None:
    """The track; None while it is unclear whether it should be done. Raises Refused naming the field."""
    if should not in SHOULD:
        raise Refused(f"“该不该办”只能是：{'、'.join(SHOULD.values())}。", field="should")
    if obstacle not in OBSTACLES:
        raise Refused(f"“卡在哪里”只能是：{'、'.join(OBSTACLES.values())}。", field="obstacle")
    return TRACKS.get((should, obstacle))
