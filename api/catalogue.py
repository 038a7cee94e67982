"""/items, /areas, /departments: what tickets refer to."""

from dataclasses import dataclass

from litestar import Controller
from sqlalchemy import select

from api.deps import Me
from api.routes import get
from hotline.db import Session
from hotline.people import Department
from tickets.catalogue import Area, Item


@dataclass
class Node:
    """A node of a tree: an item, an area or a department."""

    code: str
    name: str
    parent: str | None


class Catalogue(Controller):
    """目录."""

    path = "/"
    tags = ["目录"]

    @get("/items", summary="事项目录")
    def items(self, me: Me) -> list[Node]:
        """All items, by code."""
        with Session() as s:
            return [Node(item.code, item.name, item.parent_code) for item in s.scalars(select(Item).order_by(Item.code))]

    @get("/areas", summary="区划")
    def areas(self, me: Me) -> list[Node]:
        """All areas, by code."""
        with Session() as s:
            return [Node(area.code, area.name, area.parent_code) for area in s.scalars(select(Area).order_by(Area.code))]

    @get("/departments", summary="承办单位")
    def departments(self, me: Me) -> list[Node]:
        """All departments, by code."""
        with Session() as s:
            return [Node(unit.code, unit.name, unit.parent_code) for unit in s.scalars(select(Department).order_by(Department.code))]
