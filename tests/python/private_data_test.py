"""Other users of the machine cannot read what the server stores, and a token file for all is refused."""

import os
import subprocess

import pytest
from running_server import FOVEA, MODEL, ROOT, RunningServer, form

pytestmark = pytest.mark.skipif(not FOVEA.exists(), reason=f"SKIPPED: {FOVEA} is not built")
SHIP = (ROOT / "www" / "src" / "samples" / "ship.jpg").read_bytes()


def readable_by_others(folder):
    return [str(path) for path in [folder, *folder.rglob("*")] if path.lstat().st_mode & 0o077]


def test_all_files_and_the_data_directory_are_private(tmp_path):
    data = tmp_path / "data"
    old = os.umask(0o022)
    try:
        with RunningServer(data) as server:
            server.json("/api/v1/predict", SHIP, "POST", type="image/jpeg")
            body, kind = form(("file", SHIP, "a.jpg"), ("label", "ship"))
            server.json("/api/v1/dataset/images", body, "POST", type=kind)
        assert readable_by_others(data) == []
        # A directory of an earlier version: only the folder itself is changed, which is enough.
        data.chmod(0o755)
        with RunningServer(data) as server:
            assert server.json("/readyz")
        assert data.stat().st_mode & 0o7777 == 0o700
        assert any("were 0755 and are now 0700" in line for line in server.log)
    finally:
        os.umask(old)


def test_a_directory_that_a_group_shares_stays_as_it_is(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0o2770)
    with RunningServer(data) as server:
        assert server.json("/readyz")
    assert data.stat().st_mode & 0o7777 == 0o2770


def test_a_token_file_that_all_users_can_read_is_refused(tmp_path):
    tokens = tmp_path / "tokens"
    tokens.write_text("admin:0123456789abcdef\n")
    tokens.chmod(0o644)
    command = [FOVEA, "serve", "--port", "0", "--data-dir", tmp_path / "data", "--model", MODEL]
    done = subprocess.run([*command, "--token-file", tokens], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert f"all users of this machine can read {tokens} (permissions 0644); run chmod 600" in done.stderr
    tokens.chmod(0o640)
    with RunningServer(tmp_path / "data", "--token-file", tokens) as server:
        assert server.request("/api/v1/predictions")[0] == 401
