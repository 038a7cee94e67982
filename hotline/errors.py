"""The three ways to say no. Each carries a sentence in Chinese for the person; skins turn them into pages and problem+json."""


class Refusal(Exception):
    """A request that is answered with no.

    sentence: Chinese, shown to the person as it stands; never holds a citizen's data.
    field: the form field or argument at fault, in its English API name, where there is one.
    """

    def __init__(self, sentence: str, *, field: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field


class Refused(Refusal):
    """Not allowed, or not valid: nothing was changed (HTTP 403 or 422 by the skin)."""


class Forbidden(Refused):
    """Valid, but not for this person to do."""


class NotFound(Refusal):
    """There is no such thing, or this person must not know of it."""


class Conflict(Refusal):
    """Somebody else was quicker, or the thing has moved on: look again, then decide."""
