"""Which area a text names: by name, alias or landmark, by sight or by sound, and never by guessing."""

import pytest

from routing.places import Gazetteer, Place

CITY = Gazetteer(
    [
        Place("99", "安和市", "", "city", ("安和",)),
        Place("9901", "临湖区", "99", "district", ("临湖",)),
        Place("9902", "高新区", "99", "district", ("高新",)),
        Place("9903", "青石县", "99", "district"),
        Place("990101", "湖滨街道", "9901", "street", ("湖滨路", "翠湖花园", "建设路")),
        Place("990102", "人民路街道", "9901", "street", ("人民公园",)),
        Place("990201", "科技园街道", "9902", "street", ("科技大道", "建设路")),
        Place("990301", "竹溪镇", "9903", "street", ("竹溪", "竹溪水库")),
    ]
)


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("我在临湖区，停水了", "9901", ("临湖区",)),
        ("翠湖花园三号楼停水", "990101", ("翠湖花园",)),
        ("临湖区的翠湖花园停水", "990101", ("临湖区", "翠湖花园")),
        ("竹溪水库里有人钓鱼", "990301", ("竹溪水库",)),
        ("臨湖區翠湖花園停水", "990101", ("臨湖區", "翠湖花園")),
        ("翠湖花园和人民公园都停水", "9901", ("翠湖花园", "人民公园")),
        ("临湖区建设路路灯不亮", "990101", ("临湖区", "建设路")),
        ("我是青石县的，在翠湖花园买了房", "990101", ("翠湖花园",)),
        ("安和市所有的公园", "99", ("安和市",)),
        ("我家住在翠胡花圆，停水了", "990101", ("翠胡花圆",)),
        ("我家住在临湖区翠胡花圆，停水了", "990101", ("临湖区", "翠胡花圆")),
        ("青石县到翠胡花圆的车", "9903", ("青石县",)),
    ],
)
def test_the_area_named_is_found_with_its_words(text: str, code: str, words: tuple[str, ...]) -> None:
    found = CITY.find(text)
    assert found is not None
    assert (found.code, found.words) == (code, words)


@pytest.mark.parametrize(
    "text",
    ["停水了", "", "建设路路灯不亮", "翠湖花园到竹溪镇的公交", "我们是高新技术企业", "hello"],
)
def test_what_names_no_area_or_several_is_left_to_the_person(text: str) -> None:
    assert CITY.find(text) is None


def test_a_city_without_places_names_none() -> None:
    assert Gazetteer(()).find("临湖区") is None


def test_the_demo_city_knows_its_landmarks(places: Gazetteer) -> None:
    found = places.find("我在府前路站等公交车")
    assert found is not None
    assert found.code == "990102006"
