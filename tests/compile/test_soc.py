"""Chips as users write them: case and order do not count, what nobody knows is refused."""

from __future__ import annotations

import pytest

from mobilekit.compile.soc import VENDORS, SocTarget, parse_socs
from mobilekit.errors import UsageError
from mobilekit.tier import DeviceProfile


def test_a_chip_is_found_whatever_its_case() -> None:
    """The name is the vendor's spelling afterwards."""
    assert str(SocTarget.parse("Qualcomm:sm8650")) == "qualcomm:SM8650"
    assert str(SocTarget.parse("google:Tensor G4")) == "google:Tensor_G4"


def test_several_are_read_in_order_and_once() -> None:
    """As one text, and as a list."""
    found = parse_socs("qualcomm:SM8750,mediatek:MT6989, qualcomm:SM8750")
    assert [str(soc) for soc in found] == ["qualcomm:SM8750", "mediatek:MT6989"]
    assert parse_socs(["qualcomm:SM8750", "mediatek:MT6989"]) == found
    assert parse_socs(None) == ()


@pytest.mark.parametrize("text", ["SM8650", "apple:A17", "qualcomm", "", "qualcomm:SM9999"])
def test_what_nobody_knows_is_refused_with_what_is_known(text: str) -> None:
    """The hint lists vendors, or the vendor's chips."""
    with pytest.raises(UsageError) as caught:
        SocTarget.parse(text)
    assert "qualcomm" in caught.value.hint or "SM8650" in caught.value.hint


def test_devices_spell_makers_and_chips_in_their_own_way() -> None:
    """The rule matches what Android says of itself, and not another chip."""
    rule = SocTarget.parse("qualcomm:SM8650").device_soc
    assert rule.matches(DeviceProfile(soc_manufacturer="QTI", soc_model="SM8650"))
    assert not rule.matches(DeviceProfile(soc_manufacturer="QTI", soc_model="SM8750"))
    tensor = SocTarget.parse("google:Tensor_G4").device_soc
    assert tensor.matches(DeviceProfile(soc_manufacturer="Google", soc_model="Tensor G4"))


def test_vendors_go_by_their_names() -> None:
    """Each has a package to install, a variable to name libraries, and chips."""
    assert {name: vendor.name for name, vendor in VENDORS.items()} == {name: name for name in VENDORS}
    assert all(vendor.package and vendor.variable and vendor.models for vendor in VENDORS.values())
