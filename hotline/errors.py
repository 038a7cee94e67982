"""The three ways to say no. Each carries a sentence in Chinese for the person; skins turn them into pages and problem+json."""

import errno


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
    """Somebody else was quicker, or the thing has moved on: look again, then decide. since: what happened meanwhile, for who asked with a version."""

    since: tuple[dict[str, str], ...] = ()


FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What the system says where nothing more can be written."""


def reason(error: OSError) -> str:
    """Why the system would not, in Chinese where it is one of the usual reasons."""
    usual = {
        errno.ENOENT: "没有这个文件",
        errno.EACCES: "没有权限",
        errno.EISDIR: "这是一个目录",
        errno.ENOSPC: "磁盘已满",
        errno.EROFS: "磁盘是只读的",
        errno.EDQUOT: "磁盘配额已用完",
    }
    return usual.get(error.errno or 0, error.strerror or str(error))
