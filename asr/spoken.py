"""From spoken words to readable text: blanks out, and long numbers (电话、身份证) masked in what is stored for reading (个人信息保护法 51 条)."""

import re
from collections.abc import Sequence

MASK = "［号码］"
# Seven or more digits in a row are a telephone, identity or account number; house numbers, amounts and years are shorter.
# 幺 and 洞 are how digits are spoken on the telephone; Vosk writes 妖 and 腰 for 幺 as well.
DIGIT = "0-9０-９零〇一二三四五六七八九两幺洞"
HOMOPHONE = "妖腰"
LONG_NUMBER = re.compile(rf"(?<![{DIGIT}])[{DIGIT}](?:[\s\-－,，]?[{DIGIT}{HOMOPHONE}]){{5,}}[\s\-－,，]?[{DIGIT}xXｘＸ]")
LATIN = re.compile(r"[0-9A-Za-z]")


def joined(words: Sequence[str]) -> str:
    """Vosk's words as Chinese text: no blanks, except between two Latin words."""
    text = ""
    for word in words:
        gap = " " if text and word and LATIN.match(text[-1]) and LATIN.match(word[0]) else ""
        text += gap + word
    return text


def masked(text: str) -> str:
    """The text with every run of seven or more spoken or written digits replaced by ［号码］; an identity number's last X included."""
    return LONG_NUMBER.sub(MASK, text)
