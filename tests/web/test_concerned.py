"""被反映人: three people at their browsers. The one a 找茬 is about sees nothing of it anywhere; the colleague and the chief look into it."""

import pytest

from hotline import clock, people
from hotline.db import Session
from hotline.people import Person
from tests.web.conftest import As, Somebody, Stage, World
from tickets.call import Call, CallState
from tickets.ticket import Ticket


@pytest.fixture
def accused(world: World, as_: As) -> Somebody:
    """A clerk of the water company, signed in."""
    name = f"冷脸{clock.now().timestamp()}"
    with Session.begin() as s:
        person = Person(login=name, name=name, roles=["clerk", "operator"], department_code="gongshui")
        s.add(person)
        s.flush()
        token = people.sign_in(s, person, at=clock.now())
    colleague = as_("clerk@gongshui")
    colleague.client.cookies.clear()
    return Somebody(colleague.client, person, token)


def test_the_person_concerned_sees_finds_counts_and_touches_nothing(as_: As, accused: Somebody, ticket: Stage) -> None:
    number = ticket("dispatched", kind="fault", item="900201", body=f"窗口态度恶劣 {accused.person.name}", concerns_name=accused.person.name)
    with Session.begin() as s:
        found = s.query(Ticket).filter(Ticket.number == number).one()
        code, ticket_id = found.query_code, found.id
        call = Call(sha256=f"{ticket_id:064x}", name="c.wav", size=1, received_at=clock.now(), received_by_id=1, state=CallState.FILED, ticket_id=ticket_id)
        s.add(call)
        s.flush()
        call_id = call.id
    colleague = as_("clerk@gongshui")
    assert accused.person.name in colleague.sees(f"/tickets/{number}") and number in colleague.sees("/inbox")
    for path in (f"/tickets/{number}", f"/tickets/{number}/print", f"/calls/{call_id}", f"/calls/{call_id}/recording"):
        assert accused.get(path).status_code == 404, path
    for path in ("/inbox", f"/tickets?q={number}", f"/tickets?q={code}", "/tickets?q=窗口态度恶劣", "/calls", "/receptions"):
        answer = accused.get(path)
        assert f"/tickets/{number}" not in answer.text + answer.headers.get("location", ""), path
    counted = [int(part.split("<")[0]) for part in accused.sees("/inbox").split("<b>")[1:] if part.split("<")[0].isdigit()]
    own = [int(part.split("<")[0]) for part in colleague.sees("/inbox").split("<b>")[1:] if part.split("<")[0].isdigit()]
    assert not own or sum(counted) < sum(own)
    for verb in ("signature", "reply", "urges", "contacts", "reveal", "return-request"):
        assert accused.post(f"/tickets/{number}/{verb}", text="x", reason="x", reply="x").status_code == 404, verb
    refused = colleague.post(f"/tickets/{number}/signature", owner=str(accused.person.id))
    assert refused.status_code == 422 and "被反映人" in refused.text
    assert str(accused.person.name) not in colleague.sees(f"/tickets/{number}").split('name="owner"')[-1].split("</select>")[0]
    assert as_("clerk@zhujian").get(f"/tickets/{number}").status_code == 404, "the neighbour sees nothing either"
