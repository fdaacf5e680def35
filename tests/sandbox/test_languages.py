"""Two languages from one document, and none of the machinery in the answer."""

import httpx
import pytest

from sandbox.languages import forget, localised, negotiate
from tests.sandbox.conftest import BASE

GERMAN = {"accept-language": "de"}


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("de", "de"),
        ("de-AT", "de"),
        ("DE-ch", "de"),
        ("fr, de;q=0.5, en;q=0.4", "de"),
        ("fr, de;q=0.4, en;q=0.5", "en"),
        ("de;q=0", "en"),
        ("fr", "en"),
        ("*", "en"),
        ("de;q=nonsense", "en"),
    ],
)
def test_negotiation(header: str | None, language: str) -> None:
    assert negotiate(header) == language


def test_translations_are_found_at_any_depth() -> None:
    document = {
        "a": [{"n": "x", "k": 1, "_i18n": {"de": {"n": "y"}}}],
        "b": {"c": {"n": "x", "_i18n": {"de": {"n": "z"}}}},
    }
    assert localised(document, "de") == {"a": [{"n": "y", "k": 1}], "b": {"c": {"n": "z"}}}
    assert localised(document, "en") == {"a": [{"n": "x", "k": 1}], "b": {"c": {"n": "x"}}}


def test_a_written_text_leaves_no_other_language_behind() -> None:
    document = {"n": "x", "m": "x", "b": {"n": "x", "_i18n": {"de": {"n": "y"}}}, "_i18n": {"de": {"n": "y", "m": "y"}}}
    forget(document, {"n": "new", "b": {"n": "new"}})
    assert document == {"n": "x", "m": "x", "b": {"n": "x", "_i18n": {"de": {}}}, "_i18n": {"de": {"m": "y"}}}


async def test_everything_shown_to_people_is_translated(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{BASE}/productSpecification/ps-kaiyo-k1", headers={"accept-language": "de-DE,de;q=0.9"})
    specification = answer.json()
    assert answer.headers["content-language"] == "de"
    assert answer.headers["vary"] == "Accept-Language"
    assert specification["description"] == "Smartphone Kaiyo K1"
    colour = specification["productSpecCharacteristic"][0]
    assert (colour["id"], colour["name"]) == ("color", "Farbe")
    assert colour["productSpecCharacteristicValue"][0]["value"] == "Mitternachtsschwarz"


async def test_names_in_references_follow_the_language(client: httpx.AsyncClient) -> None:
    german = (await client.get(f"{BASE}/productOffering/po-family-four", headers=GERMAN)).json()
    assert german["category"][0]["name"] == "Familienpakete"
    assert german["bundledProductOffering"][0]["name"] == "Familie Duo"
    assert german["productOfferingPrice"][0]["name"] == "Familie Vier: monatlicher Grundpreis"
    english = (await client.get(f"{BASE}/productOffering/po-family-four", headers={"accept-language": "fr"})).json()
    assert english["category"][0]["name"] == "Family bundles"


async def test_the_machinery_never_shows(client: httpx.AsyncClient) -> None:
    for resource in ("catalog", "category", "productOffering", "productOfferingPrice", "productSpecification"):
        assert "_i18n" not in (await client.get(f"{BASE}/{resource}", params={"limit": 1000})).text


async def test_a_client_may_bring_both_languages(client: httpx.AsyncClient) -> None:
    body = {"id": "c1", "name": "Green", "description": "d", "_i18n": {"de": {"name": "Grün"}}}
    created = await client.post(f"{BASE}/category", json=body, headers=GERMAN)
    assert created.json()["name"] == "Grün"
    assert "_i18n" not in created.json()
    await client.patch(f"{BASE}/category/c1", json={"name": "Blue"})
    for language in ("en", "de"):
        item = await client.get(f"{BASE}/category/c1", headers={"accept-language": language})
        assert (item.json()["name"], item.json()["description"]) == ("Blue", "d")
    await client.patch(f"{BASE}/category/c1", json={"name": "Red", "_i18n": {"de": {"name": "Rot"}}})
    assert (await client.get(f"{BASE}/category/c1", headers=GERMAN)).json()["name"] == "Rot"


async def test_a_patched_object_keeps_no_old_translation(client: httpx.AsyncClient) -> None:
    await client.patch(f"{BASE}/productOffering/po-mobile-m", json={"productSpecification": {"name": "Other"}})
    german = await client.get(f"{BASE}/productOffering/po-mobile-m", headers=GERMAN)
    assert german.json()["productSpecification"]["name"] == "Other"
    assert german.json()["name"] == "Mobil M"
