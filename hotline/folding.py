"""Folding 归一: one spelling of a text: traditional to simplified, full-width to half-width, capitals to small, without blanks, punctuation and pictures.

What is searched and what is classified is compared in this spelling. Table look-ups over whole arrays: a long text costs microseconds.
"""

from functools import lru_cache
from importlib.resources import files
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

PLANE = 0x10000
Codes = NDArray[np.uint16]


def points(text: str) -> NDArray[np.uint32]:
    """Its code points; what lies outside the basic plane is noise (0)."""
    found = np.frombuffer(text.encode("utf-32-le", "replace"), dtype="<u4")
    return np.where(found < PLANE, found, 0)


def codes(text: str) -> Codes:
    """The code points of the folded text."""
    found: Codes = table()[points(text)]
    kept: Codes = found[found != 0]
    return kept


def spelt(folded: Codes) -> str:
    """Folded code points as a string."""
    return folded.astype("<u2").tobytes().decode("utf-16-le")


@lru_cache(maxsize=1)
def table() -> Codes:
    """Code point -> folded code point, 0 for noise."""
    made = np.zeros(PLANE, dtype=np.uint16)
    for point in range(PLANE):
        char = normalize("NFKC", chr(point)) if point > 0x7F else chr(point)
        if len(char) == 1 and char.isalnum() and ord(char.lower()[0]) < PLANE:
            made[point] = ord(char.lower()[0])
    # OpenCC's table: a traditional character, a tab, its simplified forms, the commonest first.
    for line in files("opencc").joinpath("dictionary/TSCharacters.txt").read_text(encoding="utf-8").splitlines():
        old, _, forms = line.partition("\t")
        new = forms.split(" ")[0]
        if len(old) == len(new) == 1 and ord(old) < PLANE and ord(new) < PLANE:
            made[ord(old)] = ord(new)
    return made
