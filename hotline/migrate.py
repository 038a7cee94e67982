"""Migrations: brings a database to the newest revision, or anywhere else, and makes the broker's own tables."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text

FOLDER = Path(__file__).resolve().parent.parent / "migrations"


def configuration(connection: Connection) -> Config:
    """Alembic's configuration for a migration on `connection`."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    return config


def migrate(engine: Engine, *, to: str = "head") -> None:
    """Brings the database to revision `to`, one migration at a time however many start together."""
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('hotline migrate'))"))
        command.upgrade(configuration(connection), to)
