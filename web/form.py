"""What a person typed into a form, read field by field."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from litestar.datastructures import UploadFile
from litestar.datastructures.multi_dicts import MultiMixin

from hotline.clock import SHANGHAI
from hotline.errors import Refused

MOST_LINES = 30


class Form:
    """The fields of one form. A field that was not sent reads as empty."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values
        self._added: dict[str, list[str]] = {}

    def text(self, name: str) -> str:
        """The field's text without surrounding blanks, '' where there is none. The last one counts where several were sent."""
        sent = self.texts(name)
        return sent[-1] if sent else ""

    def secret(self, name: str) -> str:
        """A password, as it was typed: a blank in it counts."""
        sent = self._values.get(name)
        return sent if isinstance(sent, str) else ""

    def texts(self, name: str) -> list[str]:
        """Every value sent under this name that is not blank: ticked boxes."""
        sent = self._values.getall(name, []) if isinstance(self._values, MultiMixin) else self._values.get(name, [])
        texts = [value.strip() for value in (sent if isinstance(sent, list) else [sent]) if isinstance(value, str) and value.strip()]
        return texts + self._added.get(name, [])

    def add(self, name: str, value: str) -> None:
        """One value more, as if it had been typed."""
        self._added.setdefault(name, []).append(value)

    def all_texts(self) -> dict[str, list[str]]:
        """Every field that says anything."""
        return {name: texts for name in (*self._values, *self._added) if (texts := self.texts(name))}

    def lines(self, name: str, beside: str) -> list[tuple[str, str]]:
        """Fields that are numbered from 1, each with the one beside it: (unit1, limit1), (unit2, limit2) …; lines whose first is empty are left out."""
        numbers = range(1, MOST_LINES + 1)
        return [(text, self.text(f"{beside}{number}")) for number in numbers if (text := self.text(f"{name}{number}"))]

    def ticked(self, name: str) -> bool:
        """Whether a box was ticked."""
        return bool(self.text(name))

    def whole(self, name: str) -> int | None:
        """A whole number, None where the field is empty. Raises Refused naming the field."""
        text = self.text(name)
        if text and not (text.isascii() and text.isdigit() and len(text) < 10):
            raise Refused("这里应填整数。", field=name)
        return int(text) if text else None

    def wholes(self, name: str) -> list[int]:
        """Every whole number sent under this name."""
        return [int(text) for text in self.texts(name) if text.isascii() and text.isdigit() and len(text) < 19]

    def moment(self, name: str) -> datetime | None:
        """A date and time of day in Shanghai, None where the field is empty. Raises Refused naming the field."""
        text = self.text(name)
        if not text:
            return None
        try:
            return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)
        except ValueError:
            raise Refused("时间应写作“2026-11-20 10:00”。", field=name) from None

    def upload(self, name: str) -> UploadFile | None:
        """The file sent under this name, None where none was chosen."""
        sent = self._values.get(name)
        return sent if isinstance(sent, UploadFile) and sent.filename else None

    def uploads(self, name: str) -> list[UploadFile]:
        """The files sent under this name."""
        sent = self._values.getall(name, []) if isinstance(self._values, MultiMixin) else []
        return [file for file in sent if isinstance(file, UploadFile) and file.filename]

    def path(self, name: str) -> str | None:
        """An address of this site to go on to, None where there is none or it leads elsewhere."""
        return local_path(self.text(name))


def local_path(text: str) -> str | None:
    """The text if it is an address within this site, otherwise None: nobody is sent elsewhere by a link that was made for it."""
    if not text.startswith("/") or text.startswith(("//", "/\\")) or any(ord(char) < 33 or char == "\\" for char in text):
        return None
    parts = urlsplit(text)
    return text if not parts.scheme and not parts.netloc else None


NOTHING = Form({})
