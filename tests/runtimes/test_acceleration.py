"""What an accelerator took of a file, in words and as JSON."""

import json

from mobilekit.runtimes.acceleration import Acceleration, Refusal, acceleration_of

PRELU = Refusal(operator="/head/prelu", kind="PRELU", reason="Alpha shape does not match input shape.")


def acceleration(**changes):
    """All of 5 operators on a software GPU, but for ``changes``."""
    said = {"accelerator": "gpu", "adapter": "Soft", "emulated": True, "operators": 5, "accepted": 5}
    return Acceleration(**{**said, **changes})


def test_whole_is_everything_and_nothing_refused():
    """Whole is everything and nothing refused."""
    assert acceleration().whole
    assert not acceleration(accepted=4).whole
    assert not acceleration(refused=(PRELU,)).whole


def test_the_summary_names_what_is_to_blame():
    """The summary names the device, that it is software, how much runs there and what is refused."""
    assert acceleration().summary() == "all 5 operators on Soft (software)"
    said = acceleration(accepted=3, partitions=1, refused=(PRELU,), emulated=False).summary()
    assert said.startswith("3 of 5 operators on Soft in 1 part, the rest on the CPU; it refuses PRELU")
    assert "'/head/prelu': Alpha shape" in said
    assert "in 2 parts" in acceleration(accepted=3, partitions=2).summary()


def test_it_goes_into_reports():
    """JSON has every field, and whether it is whole."""
    data = json.loads(json.dumps(acceleration(accepted=3, refused=(PRELU,), precision="fp16").to_json()))
    assert data["whole"] is False
    assert data["refused"] == [{"operator": "/head/prelu", "kind": "PRELU", "reason": PRELU.reason}]
    assert data["precision"] == "fp16"


def test_sessions_say_what_accelerates_them():
    """A session on the CPU has nothing to say."""

    class OnGpu:
        acceleration = acceleration()

    assert acceleration_of(OnGpu()) == acceleration()
    assert acceleration_of(object()) is None
