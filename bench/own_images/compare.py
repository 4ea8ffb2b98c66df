#!/usr/bin/env python3
"""Accuracy of `fovea train --backbone` with few images a class, beside scikit-learn's.

usage: compare.py FOVEA HANDS_TAR CLOTHING_TAR CIFAR_TAR [--draws N] [--shots 5,10,20,50]
                  [--size 224] [--sets hands,clothing] [--fine-tune] [--unknown]

For each draw of N images a class, the command trains a classifier, and scikit-learn fits a logistic
regression to the same features (those that the command stored; tests/exchange/backbone_test.py
compares them with PyTorch's), scaled to the norm sqrt(1280), centred, C = 0.05. Both classify the
same test images. With --fine-tune, the command trains a second time with `--fine-tune`; the accuracy
is printed beside the others, with the number of draws whose fine-tuned network was kept. Prints a
table and writes it as JSON to build/own_images.json.

With --unknown it measures instead how many test images the classifier of the first draw calls
unknown, of its classes (false alarms) and of the other sets, and writes build/unknown_images.json.
"""

import argparse
import json
import random
import re
import shutil
import statistics
import subprocess
import tarfile
import tempfile
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

BACKBONE = "efficientnet-lite0"
VIEWS = 2


def run(*command):
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))[:500]}: {result.stderr}{result.stdout}")
    return result.stdout


def unpack_hands(tar, folder):
    """30 % of each class are test images, by the order of their names."""
    with tarfile.open(tar) as archive:
        archive.extractall(folder)
    sets = {"train": {}, "test": {}}
    for directory in sorted((folder / "hands").iterdir()):
        files = sorted(directory.iterdir())
        random.Random(0).shuffle(files)
        count = round(0.3 * len(files))
        sets["test"][directory.name] = files[:count]
        sets["train"][directory.name] = files[count:]
    return sets


def unpack_clothing(tar, folder):
    with tarfile.open(tar) as archive:
        archive.extractall(folder)
    return {
        split: {d.name: sorted(d.iterdir()) for d in sorted((folder / "clothing" / split).iterdir())}
        for split in ("train", "test")
    }


class Command:
    """The fovea command with a separate data directory."""

    def __init__(self, program, folder):
        self.program, self.data_dir = program, folder / "data"
        (self.data_dir / "backbones").mkdir(parents=True)
        lines = run(program, "backbone", "list").splitlines()
        path = next(line.split()[-1] for line in lines if line.startswith(BACKBONE))
        shutil.copy(path, self.data_dir / "backbones")

    def __call__(self, *arguments):
        return run(self.program, *arguments, "--data-dir", str(self.data_dir))

    def add(self, name, images, folder):
        """Imports {split: {class: files}} as dataset `name`."""
        source = folder / "source"
        for split, classes in images.items():
            for label, files in classes.items():
                target = source / split / label
                target.mkdir(parents=True)
                for number, file in enumerate(files):
                    shutil.copy(file, target / f"{number}{file.suffix}")
        self("data", "import", str(source), "--name", name, "--val-fraction", "0")
        shutil.rmtree(source)

    def features_folder(self, name):
        return self.data_dir / "datasets" / name / "features"

    def train(self, name, size, *options):
        run_folder = self.data_dir / "runs" / "-".join([name, *options])
        self("train", "--data", name, "--backbone", BACKBONE, "--size", size, "--out", run_folder, *options)
        return run_folder / "model.safetensors"

    def metrics(self, model):
        return json.loads((model.parent / "run.json").read_text())["metrics"]

    def accuracy(self, model, name):
        return json.loads(self("eval", model, "--data", name, "--json"))["accuracy"]


def read_features(folder):
    """{content hash: features of the image as it is} from engine/transfer/feature_cache.h."""
    (path,) = folder.iterdir()
    content = path.read_bytes()
    line, rest = content.split(b"\n", 1)
    width, count = int(line.split()[4]), int(line.split()[5])
    records = np.frombuffer(rest[:-32], dtype=np.dtype([("hash", "V32"), ("x", "<f4", (width,))]))
    assert len(records) == count
    return {bytes(r["hash"]): r["x"][: width // VIEWS] for r in records}


def sklearn_accuracy(features, train, test):
    import hashlib

    def rows(images):
        x = np.stack([features[hashlib.sha256(f.read_bytes()).digest()] for _, f in images])
        return x / np.linalg.norm(x, axis=1, keepdims=True) * np.sqrt(x.shape[1])

    x, y = rows(train), [label for label, _ in train]
    mean = x.mean(axis=0)
    model = LogisticRegression(C=0.05, max_iter=2000).fit(x - mean, y)
    return model.score(rows(test) - mean, [label for label, _ in test])


def unknown_fraction(command, model, files):
    lines = run(command.program, "predict", model, *files, "--json").splitlines()
    return sum(json.loads(line)["unknown"] for line in lines) / len(files)


def unpack_cifar(tar, folder):
    """500 test images."""
    wanted = re.compile(r"test/[a-z]+/00[0-4]\d\.jpg")
    with tarfile.open(tar) as archive:
        archive.extractall(folder / "cifar10", [m for m in archive if wanted.search(m.name)])
    return sorted((folder / "cifar10").rglob("*.jpg"))


def measure_unknown(command, name, sets, foreign, shots, size, folder):
    for shot in shots:
        dataset = f"{name}-unknown-{shot or 'every'}"
        chosen = {
            label: random.Random(f"0 {label}").sample(files, min(shot or len(files), len(files)))
            for label, files in sets["train"].items()
        }
        command.add(dataset, {"train": chosen}, folder)
        model = command.train(dataset, size)
        row = {"set": name, "images_a_class": shot or "all"}
        for other, files in {"its classes": flat(sets["test"]), **foreign}.items():
            row[other] = round(100 * unknown_fraction(command, model, files), 1)
        print("  ".join(f"{key} {value}" for key, value in row.items()), flush=True)
        yield row


def flat(classes):
    return [file for _, file in pairs(classes)]


def pairs(classes):
    return [(label, file) for label, files in classes.items() for file in files]


def compare(command, name, sets, shots, draws, size, folder, fine_tune):
    # All images once, so that each feature is computed once.
    everything = {"train": {c: sets["train"][c] + sets["test"][c] for c in sets["train"]}}
    command.add(f"{name}-all", everything, folder)
    command.train(f"{name}-all", size)
    features = read_features(command.features_folder(f"{name}-all"))
    for shot in shots:
        ours, theirs, tuned, verdicts = [], [], [], []
        for draw in range(draws if shot else 1):
            dataset = f"{name}-{shot or 'every'}-{draw}"
            chosen = {
                label: random.Random(f"{draw} {label}").sample(files, min(shot or len(files), len(files)))
                for label, files in sets["train"].items()
            }
            command.add(dataset, {"train": chosen, "test": sets["test"]}, folder)
            shutil.copytree(command.features_folder(f"{name}-all"), command.features_folder(dataset))
            ours.append(command.accuracy(command.train(dataset, size), dataset))
            theirs.append(sklearn_accuracy(features, pairs(chosen), pairs(sets["test"])))
            if fine_tune:
                model = command.train(dataset, size, "--fine-tune")
                tuned.append(command.accuracy(model, dataset))
                verdicts.append(command.metrics(model)["fine_tuning"])
                accuracies = f"frozen {100 * ours[-1]:.2f}, with --fine-tune {100 * tuned[-1]:.2f}"
                print(f"  draw {draw}: {accuracies}; {json.dumps(verdicts[-1])}", flush=True)
        row = {
            "set": name,
            "images_a_class": shot or "all",
            "draws": len(ours),
            "fovea": round(100 * statistics.mean(ours), 2),
            "scikit_learn": round(100 * statistics.mean(theirs), 2),
        }
        if fine_tune:
            row["fine_tune"] = round(100 * statistics.mean(tuned), 2)
            row["kept"] = sum(verdict["kept"] for verdict in verdicts)
        print(f"{name:<10} {row['images_a_class']!s:>4} {row['fovea']:7.2f} {row['scikit_learn']:7.2f}  "
              f"{row['fovea'] - row['scikit_learn']:+.2f}"
              + (f"   {row['fine_tune']:.2f}, kept {row['kept']} of {row['draws']}" if fine_tune else ""),
              flush=True)  # fmt: skip
        yield row


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("hands", type=Path)
    parser.add_argument("clothing", type=Path)
    parser.add_argument("cifar", type=Path)
    parser.add_argument("--unknown", action="store_true")
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--shots", default="5,10,20,50,0", help="0: all images")
    parser.add_argument("--size", default="224")
    parser.add_argument("--sets", default="hands,clothing")
    parser.add_argument("--fine-tune", action="store_true")
    arguments = parser.parse_args()
    shots = [int(text) for text in arguments.shots.split(",")]
    rows = []
    more = "  with --fine-tune" if arguments.fine_tune else ""
    if not arguments.unknown:
        print(f"set        images  fovea sklearn  difference{more}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        command = Command(arguments.program, folder)
        unpack = {"hands": unpack_hands, "clothing": unpack_clothing}
        everything = {name: unpack[name](getattr(arguments, name), folder) for name in unpack}
        cifar = unpack_cifar(arguments.cifar, folder) if arguments.unknown else []
        for name in arguments.sets.split(","):
            sets = everything[name]
            if arguments.unknown:
                foreign = {other: flat(s["test"]) for other, s in everything.items() if other != name}
                foreign["CIFAR-10"] = cifar
                rows += measure_unknown(command, name, sets, foreign, shots, arguments.size, folder)
            else:
                rows += compare(
                    command, name, sets, shots, arguments.draws, arguments.size, folder, arguments.fine_tune
                )
    result = "unknown_images" if arguments.unknown else "own_images"
    Path(f"build/{result}.json").write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
