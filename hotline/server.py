"""What a PostgreSQL must be able to do before the hotline stands on it. The embedded one can; an external one is asked at every start."""

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from hotline.errors import Refused

OLDEST = 15

# Each: what to ask, whether the answer will do, and what to tell the person. `{}` stands for the answer.
CHECKS = (
    (
        "SELECT current_setting('server_version_num')::int / 10000",
        lambda version: version >= OLDEST,
        f"数据库的版本是 PostgreSQL {{}}，需要 {OLDEST} 或更新的版本。请升级数据库，或去掉 DATABASE_URL 使用自带的数据库。",
    ),
    (
        "SHOW server_encoding",
        lambda encoding: encoding == "UTF8",
        "数据库的编码是 {}，需要 UTF-8。请另建一个库：CREATE DATABASE hotline TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';",
    ),
    (
        # In the libc locale C no Chinese character is a letter, and every search for one comes back empty.
        "SELECT CASE WHEN '汉' ~ '^[[:alpha:]]$' THEN '' ELSE (SELECT datctype FROM pg_database WHERE datname = current_database()) END",
        lambda ctype: ctype == "",
        "数据库的字符类型（LC_CTYPE）是 {}，认不出汉字，中文检索会失效。"
        "请另建一个库：CREATE DATABASE hotline TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';",
    ),
    (
        "SELECT pg_is_in_recovery()",
        lambda standby: not standby,
        "这个数据库是只读的备库。请让 DATABASE_URL 指向主库。",
    ),
    (
        # A database that is ours already may have had the right withdrawn again, so only a new one is asked for it.
        "SELECT to_regclass('alembic_version') IS NOT NULL OR (has_database_privilege(current_database(), 'CREATE')"
        " AND has_schema_privilege(current_schema(), 'CREATE'))",
        lambda may: may,
        "数据库账号无权建表。请由管理员执行：ALTER DATABASE 库名 OWNER TO 账号;",
    ),
)


def check_server(engine: Engine) -> None:
    """Raises Refused, with what to change, unless the database behind `engine` is 15+, UTF-8, knows Chinese letters and may be written."""
    try:
        with engine.connect() as connection:
            _check(connection)
    except OperationalError as error:
        where = engine.url.render_as_string(hide_password=True)
        raise Refused(f"连不上数据库 {where}。请检查地址、账号和密码，以及数据库是否在运行。", field="DATABASE_URL") from error


def _check(connection: Connection) -> None:
    for question, will_do, sentence in CHECKS:
        answer = connection.exec_driver_sql(question).scalar()
        if not will_do(answer):
            raise Refused(sentence.format(answer), field="DATABASE_URL")
