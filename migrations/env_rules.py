"""What autogeneration and the drift test leave alone."""


def ours(thing: object, name: str | None, kind: str, reflected: bool, compare_to: object) -> bool:
    """The broker's tables have a schema of their own and are made by its own script; partial and expression indexes are compared by name."""
    return getattr(thing, "schema", None) is None
