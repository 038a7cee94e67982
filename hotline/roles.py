"""Who people are to the hotline (岗位). Pure: rules import it."""

from enum import StrEnum


class Role(StrEnum):
    """What a person does here; one person may hold several."""

    OPERATOR = "operator"
    DISPATCHER = "dispatcher"
    REVIEWER = "reviewer"
    REVISITOR = "revisitor"
    CLERK = "clerk"
    CHIEF = "chief"
    SUPERVISOR = "supervisor"
    DISCIPLINE = "discipline"
    ADMIN = "admin"
    AUDITOR = "auditor"
    SYSTEM = "system"

    @property
    def label(self) -> str:
        """The 中文 name of the post."""
        return LABELS[self]


LABELS = {
    Role.OPERATOR: "话务员",
    Role.DISPATCHER: "派单员",
    Role.REVIEWER: "审核员",
    Role.REVISITOR: "回访员",
    Role.CLERK: "承办人",
    Role.CHIEF: "承办单位领导",
    Role.SUPERVISOR: "督办员",
    Role.DISCIPLINE: "纪检监察员",
    Role.ADMIN: "系统管理员",
    Role.AUDITOR: "安全审计员",
    Role.SYSTEM: "系统",
}
