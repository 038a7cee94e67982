"""What migration 0002 does by hand around the generated part: rows that were there before get what new ones are given."""

from alembic.operations import Operations
from sqlalchemy import text

from hotline.words import words_of
from tickets.wording import text_row

PATHS = text(
    "WITH RECURSIVE tree AS ("
    " SELECT code, '/' || code || '/' AS path FROM department WHERE parent_code IS NULL"
    " UNION ALL SELECT d.code, tree.path || d.code || '/' FROM department d JOIN tree ON d.parent_code = tree.code)"
    " UPDATE department SET path = tree.path FROM tree WHERE tree.code = department.code AND department.path <> tree.path"
)
UNWORDED = text(
    "SELECT id, title, body, wants, address FROM ticket WHERE NOT EXISTS (SELECT FROM ticket_text WHERE ticket_id = ticket.id) ORDER BY id LIMIT 1000"
)
WORDED = text("INSERT INTO ticket_text (ticket_id, folded, keys) VALUES (:ticket_id, :folded, :keys)")
NAMES = {
    "department": ("code", "code, name, short"),
    "person": ("id", "login, name"),
}


def before_up(op: Operations) -> None:
    """Nothing yet."""


def after_up(op: Operations) -> None:
    """Units get their paths, units and people the words they are found by, tickets what they say in one spelling."""
    connection = op.get_bind()
    while tickets := connection.execute(UNWORDED).all():
        connection.execute(WORDED, [text_row(ticket) for ticket in tickets])
    connection.execute(PATHS)
    for table, (key, names) in NAMES.items():
        rows = connection.execute(text(f"SELECT {key}, {names} FROM {table}")).all()
        if rows:
            given = [{"key": row[0], "words": words_of(*row[1:])} for row in rows]
            connection.execute(text(f"UPDATE {table} SET words = :words WHERE {key} = :key"), given)


def before_down(op: Operations) -> None:
    """Nothing to keep."""


def after_down(op: Operations) -> None:
    """Nothing to undo."""
