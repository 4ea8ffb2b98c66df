"""One tree gives the same dataset through every interface; forms and archives of other programs."""

import gzip
import subprocess
import sys
import tarfile
import unicodedata
import zipfile

import numpy as np
import pytest
from PIL import Image
from running_server import FOVEA, ROOT, RunningServer, form

sys.path.insert(0, str(ROOT / "clients" / "python" / "src"))
pytestmark = pytest.mark.skipif(not FOVEA.exists(), reason=f"SKIPPED: {FOVEA} is not built")
LAYOUTS = ROOT / "tests" / "data" / "layouts"
FORMS = ROOT / "tests" / "data" / "http"
NFC, NFD = (unicodedata.normalize(form, "caf\u00e9") for form in ("NFC", "NFD"))

# Trees of paths -> seed of the image, or text for a file that is not an image.
TREES = {
    "classes": {f"{'cat' if i % 2 else 'dog'}/{i}.png": i for i in range(40)},
    "splits": {f"Pets/{split}/{label}/{seed}.png": seed for split, label, seed in [
        *[("Training", "cat", i) for i in range(20)], *[("TEST", "dog", i) for i in range(20, 26)],
        *[("Training", "dog", i) for i in range(30, 41)], ("TEST", "cat", 3)]},
    "odd": {
        "all/cover.png": 1, "all/up/1.png": 2, "all/up/2024-01/2.png": 3, "all/up/deep/er/3.png": 4,
        "all/down/4.png": 5, "all/down/same.png": 2, "all/README": "text", "all/.DS_Store": "x",
        "all/__MACOSX/up/._1.png": "x", "all/up/Thumbs.db": "x", f"all/{NFC}/5.png": 6, f"all/{NFD}/6.png": 7,
        "all/up/broken.png": "damaged", "all/a-b/7.png": 8, "all/a/8.png": 8,
    },
    "unlabelled": {"train/cat/1.png": 1, "train/dog/2.png": 2, "test/3.png": 3, "val/cat/4.png": 4},
}  # fmt: skip


def command(*arguments, code=0):
    done = subprocess.run([FOVEA, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def import_into(data_dir, source, *options, code=0):
    return command("data", "import", source, "--data-dir", data_dir, *options, code=code)


def revision(data_dir):
    return command("data", "show", "images", "--data-dir", data_dir).stdout.split()[-1]


def write_tree(folder, tree):
    for path, content in tree.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            file.write_text(content)
        else:
            pixels = np.random.default_rng(content).integers(0, 256, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(file)
    return folder


def pack(folder, tree, reverse):
    """A zip and a tar file of the tree, with the files in another order."""
    paths = sorted(tree, reverse=reverse)
    archives = [folder.with_suffix(".zip"), folder.with_suffix(".tar")]
    with zipfile.ZipFile(archives[0], "w") as out:
        for path in paths:
            out.write(folder / path, path)
    with tarfile.open(archives[1], "w", format=tarfile.PAX_FORMAT) as out:
        for path in paths:
            out.add(folder / path, path)
    return archives


@pytest.mark.parametrize("name", TREES)
def test_a_tree_gives_the_same_dataset_through_every_interface(name, tmp_path):
    fovea = pytest.importorskip("fovea")
    tree = TREES[name]
    folder = write_tree(tmp_path / "tree", tree)
    archives = pack(folder, tree, reverse=True)
    revisions = {}
    for source in (folder, *archives):
        data_dir = tmp_path / ("data" + source.suffix)
        import_into(data_dir, source)
        revisions[source.suffix or "folder"] = revision(data_dir)
    for source in archives:
        data_dir = tmp_path / ("server" + source.suffix)
        with RunningServer(data_dir, "--threads", 1) as server:
            report = server.json("/api/v1/dataset/images", source.read_bytes(), "POST")
            revisions["HTTP " + source.suffix] = report["revision"]
    with RunningServer(tmp_path / "client", "--threads", 1) as server, fovea.Client(server.url) as client:
        revisions["Python client"] = client.upload_folder(folder).revision
    assert len(set(revisions.values())) == 1, revisions


def test_a_second_import_changes_nothing_and_says_so(tmp_path):
    folder = write_tree(tmp_path / "tree", TREES["odd"])
    first = import_into(tmp_path / "data", folder)
    assert "nothing changed" not in first.stdout
    index = (tmp_path / "data" / "datasets" / "images" / "index").read_bytes()
    again = import_into(tmp_path / "data", folder).stdout
    assert again.startswith("images: 0 added, 9 duplicates, 3 rejected; nothing changed\n")
    assert (tmp_path / "data" / "datasets" / "images" / "index").read_bytes() == index
    assert again.splitlines()[1:] == first.stdout.splitlines()[1:]


def test_an_image_in_two_classes_is_named_with_both(tmp_path):
    done = import_into(tmp_path, LAYOUTS / "same-file-two-classes.zip")
    line = "duplicate dog/copy.png: the same as cat/1.png in class cat, but here in class dog\n"
    assert done.stderr == line


def test_an_import_of_mostly_unusable_files_fails_and_partial_keeps_the_rest(tmp_path):
    tree = {"cat/1.png": 1, "dog/2.png": 2, "cat/a.png": "x", "cat/b.png": "x", "dog/c.png": "x"}
    folder = write_tree(tmp_path / "tree", tree)
    failed = import_into(tmp_path / "data", folder, code=1)
    lines = failed.stderr.splitlines()
    assert lines[0] == "3 of 5 files were rejected, which is more than half, so nothing was imported"
    assert lines[1].startswith("rejected cat/a.png: ") and "--partial" in lines[-1]
    assert failed.stdout == "" and not (tmp_path / "data" / "datasets" / "images" / "index").exists()
    assert import_into(tmp_path / "data", folder, "--partial").stdout.startswith("images: 2 added, 0 dup")

    body = {"data": pack(folder, tree, reverse=False)[0].read_bytes(), "verb": "POST"}
    with RunningServer(tmp_path / "server", "--threads", 1) as server:
        refused = server.json("/api/v1/dataset/images", **body, status=422)
        assert refused["detail"].startswith("3 of 5 files were rejected, which is more than half")
        counts = [refused[name] for name in ("added", "rejected", "usable")]
        assert counts == [0, 3, 2]
        verdicts = {result["file"]: result["verdict"] for result in refused["results"]}
        assert verdicts["cat/1.png"] == "usable" and verdicts["cat/a.png"] == "rejected"
        assert server.json("/api/v1/dataset")["total"] == 0
        assert "neither" in server.json("/api/v1/dataset/images?partial=1", **body, status=400)["detail"]
        assert server.json("/api/v1/dataset/images?partial=true", **body)["added"] == 2


def test_an_archive_of_another_kind_is_named(tmp_path):
    folder = write_tree(tmp_path / "tree", TREES["classes"])
    archive = tmp_path / "tree.tar.bz2"
    with tarfile.open(archive, "w:bz2") as out:
        out.add(folder, "tree")
    with RunningServer(tmp_path / "server", "--threads", 1) as server:
        refused = server.json("/api/v1/dataset/images", archive.read_bytes(), "POST", status=422)
    assert "this is a bzip2 archive" in refused["detail"] and ".tar.gz" in refused["detail"]


def test_look_alike_classes_are_reported(tmp_path):
    folder = write_tree(tmp_path / "tree", {"thumb up/1.png": 1, "Thumb_Up/2.png": 2, "down/3.png": 3})
    done = import_into(tmp_path / "data", folder)
    assert done.stderr == 'the classes "Thumb_Up" and "thumb up" look alike; are they the same?\n'
    with RunningServer(tmp_path / "server", "--threads", 1) as server:
        body = pack(folder, {"thumb up/1.png": 1, "Thumb_Up/2.png": 2}, reverse=False)[0].read_bytes()
        report = server.json("/api/v1/dataset/images", body, "POST")
        assert report["look_alikes"] == [["Thumb_Up", "thumb up"]]


def test_every_way_to_name_a_class_stores_one_form(tmp_path):
    folder = write_tree(tmp_path / "tree", {"1.png": 1, "2.png": 2})
    one, two = ((folder / name).read_bytes() for name in ("1.png", "2.png"))
    with RunningServer(tmp_path / "server", "--threads", 1) as server:
        for image, label in ((one, f" \u200b{NFD}\u00a0"), (two, "other")):
            body, kind = form(("file", image, "a.png"), ("label", label))
            server.json("/api/v1/dataset/images", body, "POST", type=kind)

        def names():
            return [c["name"] for c in server.json("/api/v1/dataset")["classes"]]

        assert names() == [NFC, "other"]
        server.json("/api/v1/dataset/classes/other/rename", {"name": NFD}, "POST")
        assert names() == [NFC]
        images = server.json("/api/v1/dataset/images?label=cafe%CC%81")["images"]
        assert len(images) == 2
        server.json("/api/v1/dataset/relabel", {"sha256": [images[0]["sha256"]], "label": "x\ufeff"}, "POST")
        assert names() == [NFC, "x"]


def test_names_in_an_old_charset_are_refused_with_the_remedy_or_read(tmp_path):
    archive = LAYOUTS / "cp437-names.zip"
    error = import_into(tmp_path / "data", archive, code=1).stderr
    assert r'"\x8Epfel/1.png"' in error and "--names-charset cp437" in error
    out = import_into(tmp_path / "data", archive, "--names-charset", "cp437").stdout
    assert "\u00c4pfel" in out and "Birnen" in out
    with RunningServer(tmp_path / "server", "--threads", 1) as server:
        body = archive.read_bytes()
        assert "not UTF-8" in server.json("/api/v1/dataset/images", body, "POST", status=422)["detail"]
        unknown = server.json("/api/v1/dataset/images?names_charset=klingon", body, "POST", status=400)
        assert "klingon" in unknown["detail"]
        assert server.json("/api/v1/dataset/images?names_charset=cp437", body, "POST")["added"] == 2


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = RunningServer(tmp_path_factory.mktemp("data"), "--threads", 1)
    yield server
    server.stop()


@pytest.mark.parametrize("name", ["leading-crlf", "preamble", "filename-not-token", "slash-boundary"])
def test_forms_of_real_clients_are_read(name, server):
    boundary = "a/b" if name == "slash-boundary" else "XX"
    body = (FORMS / f"{name}.body").read_bytes()
    reply = server.json("/api/v1/predict", body, "POST", type=f"multipart/form-data; boundary={boundary}")
    assert len(reply["results"]) == 1 and "error" not in reply["results"][0]


def test_compressed_bodies_are_415_everywhere(server):
    body = (FORMS / "gzipped.body").read_bytes()
    assert gzip.decompress(body)
    for path in ("/api/v1/predict", "/api/v1/dataset/images?label=c", "/api/v1/jobs", "/v2/models/x/infer"):
        refused = server.json(
            path, body, "POST", type="image/jpeg", headers={"Content-Encoding": "gzip"}, status=415
        )
        assert refused["detail"] == "a compressed body is not supported"
    plain = gzip.decompress(body)
    server.json("/api/v1/predict", plain, "POST", type="image/jpeg", headers={"Content-Encoding": "identity"})


def test_the_layout_of_paths_is_that_of_an_import(server):
    paths = ["s/train/cat/1.png", "s/test/2.png", "s/.DS_Store", "cover.png", "s/train/a\\b/3.png"]
    layout = server.json("/api/v1/dataset/layout", {"paths": paths}, "POST")
    first, second, third, fourth, fifth = layout["files"]
    assert first == {"label": "cat", "split": "train"}
    assert "directly in the folder test" in second["problem"]
    assert third == {"ignored": True}
    assert "no class" in fourth["problem"]
    assert "contains a slash" in fifth["problem"]
    assert layout["val_fraction"] == 0.1
    server.json("/api/v1/dataset/layout", {"paths": [1]}, "POST", status=400)
    server.json("/api/v1/dataset/layout", {}, "POST", status=400)
    long = server.json("/api/v1/dataset/layout", {"paths": ["x" * 5000]}, "POST")
    assert long["files"] == [{"problem": "its path is longer than 4096 bytes"}]
    many = server.json("/api/v1/dataset/layout", {"paths": ["a/b"] * 100_001}, "POST", status=422)
    assert "100000" in many["detail"]
