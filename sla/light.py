"""The light 红黄绿灯 of a deadline: computed when it is read, never stored by a job, so it is never late."""

from datetime import datetime
from enum import StrEnum


class Light(StrEnum):
    """Colour of a clock; pages add the word and the shape, never the colour alone."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"
    BLUE = "blue"
    GREY = "grey"

    @property
    def word(self) -> str:
        """正常, 将到期, 超期, 挂起, 已停."""
        return WORDS[self]


WORDS = {Light.GREEN: "正常", Light.AMBER: "将到期", Light.RED: "超期", Light.BLUE: "挂起", Light.GREY: "已停"}


def light(at: datetime, *, due: datetime, warn: datetime, paused: datetime | None = None, stopped: datetime | None = None) -> Light:
    """Red after `due`, amber from `warn` on (20 % or one workday left, by the ladder), green before.

    The due moment itself is still in time. paused, stopped: since when; a clock that stood still in time is blue or grey, one that did so late is red.
    """
    moment = stopped or paused or at
    if moment > due:
        return Light.RED
    if stopped:
        return Light.GREY
    if paused:
        return Light.BLUE
    return Light.AMBER if moment >= warn else Light.GREEN
