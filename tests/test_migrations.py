"""Migrations: up, down, up again, and no drift between them and the tables in the code."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.pool import NullPool

from hotline.migrate import configuration, migrate
from migrations.env_rules import ours
from migrations.tables import metadata


def test_the_tables_in_the_code_are_those_the_migrations_make(empty_database: str) -> None:
    engine = create_engine(empty_database, poolclass=NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": ours})
        assert compare_metadata(context, metadata) == []


def test_every_migration_goes_down_and_up_again(empty_database: str) -> None:
    engine = create_engine(empty_database, poolclass=NullPool)
    with engine.begin() as connection:
        command.downgrade(configuration(connection), "base")
    with engine.connect() as connection:
        left = set(inspect(connection).get_table_names()) - {"alembic_version"}
        assert left == set() and "dramatiq" not in inspect(connection).get_schema_names()
    migrate(engine)
    with engine.connect() as connection:
        assert set(metadata.tables) <= set(inspect(connection).get_table_names())


def test_there_is_one_newest_revision(empty_database: str) -> None:
    engine = create_engine(empty_database, poolclass=NullPool)
    with engine.connect() as connection:
        assert len(ScriptDirectory.from_config(configuration(connection)).get_heads()) == 1


def test_a_migration_does_not_wait_for_a_lock_for_ever(empty_database: str) -> None:
    engine = create_engine(empty_database, poolclass=NullPool)
    with engine.begin() as connection:
        command.upgrade(configuration(connection), "head")
        assert connection.scalar(text("SHOW lock_timeout")) == "5s"
