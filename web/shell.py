"""The frame around every page: who is signed in, which desks (工作台) they have, and what was just done."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from litestar import Request
from litestar.response import Redirect, Template

from hotline.errors import Forbidden
from hotline.people import Person
from hotline.roles import LABELS, Role
from tickets.lifecycle import Verb, label


@dataclass(frozen=True)
class Desk:
    """A workplace: its address, its name, and the posts that work there."""

    path: str
    name: str
    posts: tuple[Role, ...]


DESKS = (
    Desk("/calls", "话务台", (Role.OPERATOR,)),
    Desk("/dispatch", "派单台", (Role.DISPATCHER,)),
    Desk("/inbox", "部门工作台", (Role.CLERK, Role.CHIEF)),
    Desk("/review", "审核台", (Role.REVIEWER,)),
    Desk("/revisits", "回访台", (Role.REVISITOR,)),
    Desk("/board", "督办台", (Role.SUPERVISOR,)),
    Desk("/requests", "待批申请", (Role.SUPERVISOR, Role.REVIEWER)),
    Desk("/discipline", "纪检台", (Role.DISCIPLINE,)),
)
LOOKED_AT = (
    Desk("/receptions", "受理登记", (Role.OPERATOR, Role.DISPATCHER, Role.SUPERVISOR)),
    Desk("/knowledge", "知识库", (Role.OPERATOR, Role.DISPATCHER, Role.REVIEWER, Role.CLERK, Role.CHIEF)),
    Desk("/hotspots", "热点", (Role.SUPERVISOR,)),
    Desk("/accuracy", "派单质量", (Role.SUPERVISOR, Role.ADMIN)),
    Desk("/organisation", "机构人员", (Role.ADMIN,)),
    Desk("/catalogue", "事项目录", (Role.ADMIN, Role.DISPATCHER)),
)
"""What is looked at from time to time: nobody's day begins there."""
OTHER_DONE = {"draft": "已暂存，回到这一页时会取回", "drop_draft": "已丢弃暂存的内容",
              "reception": "已登记受理结果", "write_article": "已新增知识", "edit_article": "已修改知识", "flag_article": "已标“不准”，责任单位会看到",
              "keep_article": "已核对",
              "receive": "已接收录音", "retry": "已重新排队转写", "stop": "已停止转写", "correct": "已订正",
              "file": "已登记", "rule": "已裁定退单", "revisit": "已记录回访", "reveal": "已留痕",
              "save_view": "已保存查询", "remove_view": "已删除查询",
              "import": "已导入目录", "add_unit": "已新增单位", "change_unit": "已修改单位", "dissolution": "已停用单位", "restoration": "已恢复单位",
              "change_person": "已修改人员", "close_person": "已停用账号", "deputise": "已登记代理", "leave": "已登记请假", "end_deputies": "已结束代理",
              "end_leaves": "已销假", "capacity": "已切换身份",
              "statement": "已提交情况说明", "confirmation": "已确认移送", "withdrawal": "已不予移送", "conclusion": "已作出结论"}  # fmt: skip
DONE = {verb.value: f"已{label(verb)}" for verb in Verb} | OTHER_DONE


def desks_of(person: Person) -> list[Desk]:
    """The desks this person works at."""
    return [desk for desk in DESKS if person.has(*desk.posts)]


def first_desk(person: Person) -> str:
    """Where this person's day begins: the desk of their first post."""
    posts = [Role(role) for role in person.roles]
    return next((desk.path for post in posts for desk in DESKS if post in desk.posts), "/welcome")


@dataclass(frozen=True)
class Page:
    """Answers one request of one person at one moment."""

    request: Request[Any, Any, Any]
    me: Person
    at: datetime
    today: str
    to_judge: int = 0

    def show(self, template: str, *, status: int = 200, **model: Any) -> Template:
        """The page `template` with its read model: everything in it has been read already, rendering asks the database for nothing."""
        return Template(template, context={**self._frame(), **model}, status_code=status)

    def part(self, template: str, **model: Any) -> Template:
        """A piece of a page, for htmx."""
        return Template(template, context={"at": self.at, "me": self.me, **model})

    def go(self, path: str, done: str | Verb | None = None, of: object = "") -> Redirect:
        """On to another page (303), which says what was done and to which ticket or call."""
        query = urlencode({"done": done, "of": of}) if done else ""
        return Redirect(f"{path}{'&' if '?' in path else '?'}{query}" if query else path, status_code=303)

    def only(self, *posts: Role) -> None:
        """Raises Forbidden unless the person holds one of these posts."""
        if not self.me.has(*posts):
            raise Forbidden(f"这个页面由{'、'.join(LABELS[post] for post in posts)}使用。")

    def _frame(self) -> dict[str, Any]:
        query = self.request.query_params
        return {
            "me": self.me,
            "posts": _labels(self.me.roles),
            "at": self.at,
            "today": self.today,
            "to_judge": self.to_judge,
            "path": self.request.url.path,
            "desks": desks_of(self.me),
            "looked_at": [desk for desk in LOOKED_AT if self.me.has(*desk.posts)],
            "done": DONE.get(query.get("done", "")),
            "done_of": query.get("of", ""),
        }


def _labels(roles: Iterable[str]) -> str:
    return "、".join(LABELS[Role(role)] for role in roles)
