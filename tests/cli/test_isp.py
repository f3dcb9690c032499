"""``mobilekit isp``."""

from __future__ import annotations

import json

from PIL import Image


def test_pictures(cli, tmp_path):
    """Several profiles, named together, apart or by file; what is written is listed."""
    Image.new("RGB", (40, 32), (120, 90, 60)).save(tmp_path / "me.jpg")
    (tmp_path / "mine.toml").write_text('base = "iphone"\n[output]\nbrightness = 0.08\n')
    done = cli("isp", "me.jpg", "--profile", "night,iphone", "--profile", "mine.toml", "--out", "looks")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    names = sorted(path.name for path in (tmp_path / "looks").iterdir())
    assert names == ["me.before.png", "me.iphone.png", "me.mine.png", "me.night.png"]
    assert all(name in done.stderr for name in names)
    assert "iphone: an iPhone in good light" in done.stderr


def test_json(cli, tmp_path):
    """--json lists profiles and files; without --profile all cameras are shown; another seed, other pictures."""
    Image.new("RGB", (40, 32), (120, 90, 60)).save(tmp_path / "me.jpg")
    found = [json.loads(cli("isp", "me.jpg", "--json", "--seed", seed).stdout) for seed in ("0", "1")]
    assert [profile["name"] for profile in found[0]["profiles"]] == [
        "backlight", "budget_android", "flagship_android", "indoor_warm", "iphone", "neutral", "night",
    ]  # fmt: skip
    files = [{entry["path"]: entry["sha256"] for entry in each["files"]} for each in found]
    assert len(files[0]) == 8
    assert sum(files[0][path] == files[1][path] for path in files[0]) == 2  # before, and neutral


def test_mistakes(cli, tmp_path):
    """An unknown camera is exit code 54, a photo that is none 40, no camera 2; nothing is written."""
    Image.new("RGB", (40, 32)).save(tmp_path / "me.jpg")
    (tmp_path / "no.jpg").write_text("no")
    assert cli("isp", "me.jpg", "--profile", "pixel").returncode == 54
    assert cli("isp", "no.jpg", "--profile", "night").returncode == 40
    assert cli("isp", "me.jpg", "--profile", "none").returncode == 2
    assert not (tmp_path / "isp").exists()
