"""Alembic's environment: on the connection it is given, or on the address in `url`."""

from alembic import context
from sqlalchemy import Connection, create_engine, text

from hotline.db import psycopg_url
from migrations.env_rules import ours
from migrations.tables import metadata


def run(connection: Connection) -> None:
    """Migrates on this connection; nobody waits longer than 5 s for a lock, so that a migration never stops the hotline."""
    connection.execute(text("SET lock_timeout = '5s'"))
    context.configure(connection=connection, target_metadata=metadata, compare_type=True, include_object=ours)
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    url = context.config.attributes.get("url") or context.config.get_main_option("sqlalchemy.url") or context.get_x_argument(as_dictionary=True)["url"]
    engine = create_engine(psycopg_url(url))
    with engine.connect() as connection:
        run(connection)
        connection.commit()
    engine.dispose()
