"""Courtesies 套话: what an operator says to everybody, and the speakers' names of a script. They would make every call a matter of the hotline."""

import re

from routing.text import Folded

SAID_TO_EVERYBODY = (
    "(您好|你好)?[一-龥]{0,4}(12345|一二三四五|幺二三四五)(政务服务|政务|便民服务|便民|市民)?(服务)?热线(请问|请讲|很高兴为您服务|为您服务)",
    "(请问)?(有)?什么(可以|能)(为您|帮您|帮到您|帮助您)(服务|做)?(的吗|的|吗|呢)?",
    "(您好|你好)?(请讲|请说)",
    "工号[0-9零一二三四五六七八九幺]{2,8}(号)?(为您服务|话务员)?",
    "很高兴为您服务",
    "感谢您的来电(再见)?",
    "请不要挂机|请稍等|请保持电话畅通",
    "(请问)?您(还有)?(其他|别的)(什么)?(问题|需要|诉求)(吗)?",
    "(话务员|市民)(?=您好|你好|喂|嗯|请|哎)",
)
"""Patterns over the folded text (text.fold): no spaces, no punctuation."""

_PATTERN = re.compile("|".join(f"(?:{pattern})" for pattern in SAID_TO_EVERYBODY))


def without(folded: Folded) -> Folded:
    """The text without them; the same text where it holds none."""
    spans = [match.span() for match in _PATTERN.finditer(folded.words())]
    return folded.dropping(spans) if spans else folded
