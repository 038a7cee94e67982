"""From spoken words to readable text: blanks out, and long numbers (电话、身份证) masked in what is stored for reading (个人信息保护法 51 条)."""

import re
from collections.abc import Sequence

from asr.edits import Edit

MASK = "［号码］"
# Seven or more digits in a row are a telephone, identity or account number; house numbers, amounts and years are shorter.
# 幺 and 洞 are how digits are spoken on the telephone; Vosk writes 妖 or 腰 for 幺 as well.
DIGIT = "0-9０-９零〇一二三四五六七八九两幺妖腰洞"
GAP = r"(?:[\s\-－,，、.]|嗯|啊|哦|呃|哎|对|然后){0,5}"  # a pause of the speaker, which may also end an utterance, or a sound that fills it
WRITTEN_DATE = r"(?:19|20)\d\d([-./])\d{1,2}\1\d{1,2}(?!\d)"
LONG_NUMBER = re.compile(rf"(?<![{DIGIT}])(?!{WRITTEN_DATE})[{DIGIT}](?:{GAP}[{DIGIT}]){{5,}}{GAP}[{DIGIT}xXｘＸ]")
APART = "\n。\n"  # more than a pause: what stands before and after it is not one number
LATIN = re.compile(r"[0-9A-Za-z]")


def joined(words: Sequence[str]) -> str:
    """Vosk's words as Chinese text: no blanks, except between two Latin words."""
    text = ""
    for word in words:
        gap = " " if text and word and LATIN.match(text[-1]) and LATIN.match(word[0]) else ""
        text += gap + word
    return text


def masked(text: str) -> str:
    """The text with every run of seven or more spoken or written digits replaced by ［号码］; an identity number's last X included.

    Line ends stay where they are, so that utterances joined by them can be masked together and parted again:
    a number is often spoken with pauses, and each part alone would be too short to be noticed.
    """
    return LONG_NUMBER.sub(lambda number: MASK + "\n" * number.group().count("\n"), text)


def masks(texts: Sequence[str], apart: Sequence[bool]) -> list[list[Edit]]:
    """What to hide in these utterances of one voice: a number that goes on over several is hidden in each.

    apart: whether a long silence lies before each utterance; the first one's does not matter.
    """
    joints = ["" if place == 0 else APART if gap else "\n" for place, gap in enumerate(apart)]
    starts, whole = [], ""
    for joint, text in zip(joints, texts, strict=True):
        starts.append(len(whole) + len(joint))
        whole += joint + text
    hidden: list[list[Edit]] = [[] for _ in texts]
    for number in LONG_NUMBER.finditer(whole):
        for place, (start, text) in enumerate(zip(starts, texts, strict=True)):
            first, last = max(number.start(), start), min(number.end(), start + len(text))
            if first < last:
                hidden[place].append(Edit(first - start, last - start, MASK, "mask"))
    return hidden
