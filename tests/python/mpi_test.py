"""fovea train under mpirun: the weights of one process, on any number of ranks and threads."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from small_run import FOVEA, fovea, make_halves, train_arguments, wait_for_epochs, weights

LIBRARY = FOVEA.parent / "libfovea_mpi.so"
MISSING = [str(what) for what in (FOVEA, LIBRARY) if not what.exists()]
if shutil.which("mpirun") is None:
    MISSING.append("mpirun (Debian: openmpi-bin)")
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"SKIPPED: without {', '.join(MISSING)}")

# More ranks than processors, as root in containers.
MPIRUN = ["mpirun", "--allow-run-as-root", "--oversubscribe"]
LONG = 120  # epochs; seconds, so that a run is not complete when it is stopped
# Seconds that mpirun waits before SIGTERM and again before SIGKILL: more than the default of 1.
TIME_TO_STOP = ["--mca", "odls_base_sigkill_timeout", 3]


def mpirun(ranks, *arguments, options=(), program=FOVEA):
    command = [*MPIRUN, *options, "-n", ranks, program, *arguments]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120)


def train(ranks, *arguments, **how):
    done = mpirun(ranks, *arguments, **how)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return make_halves(tmp_path_factory.mktemp("mpi"))


@pytest.fixture(scope="module")
def alone(data_dir):
    """The weights of one process, with four lanes in each batch and early stopping in the recipe."""
    run = data_dir / "alone"
    fovea(*train_arguments(data_dir, run, lane=4), "--patience", 3, "--threads", 2)
    return weights(run)


@pytest.fixture(scope="module")
def long_alone(data_dir):
    run = data_dir / "long-alone"
    fovea(*train_arguments(data_dir, run, LONG, 4), "--threads", 1)
    return weights(run)


@pytest.mark.parametrize(("ranks", "threads"), [(1, 2), (2, 1), (2, 2), (3, 1), (4, 1), (6, 1)])
def test_ranks_give_the_weights_of_one_process(data_dir, alone, ranks, threads):
    run = data_dir / f"{ranks}x{threads}"
    arguments = [*train_arguments(data_dir, run, lane=4), "--patience", 3, "--threads", threads]
    done = train(ranks, *arguments)
    assert weights(run) == alone
    # Only rank 0 prints.
    assert done.stdout.count("Run folder") == 1
    assert done.stdout.count("epoch  1/") == 1
    assert ("2 of 6 ranks have nothing to compute" in done.stderr) == (ranks == 6)


def start(data_dir, run, ranks):
    command = [
        *MPIRUN,
        *TIME_TO_STOP,
        "-n",
        ranks,
        FOVEA,
        *train_arguments(data_dir, run, LONG, 4),
        "--threads",
        1,
    ]
    child = subprocess.Popen(
        list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    wait_for_epochs(child, run, 3)
    assert child.poll() is None, child.stderr.read()
    return child


def processes(run):
    """The ranks of a run: {rank: process id}."""
    found = {}
    for entry in Path("/proc").iterdir():
        try:
            if str(run) not in (entry / "cmdline").read_text():
                continue
            for variable in (entry / "environ").read_text().split("\0"):
                if variable.startswith("OMPI_COMM_WORLD_RANK="):
                    found[int(variable.split("=")[1])] = int(entry.name)
        except OSError:  # ended, or not a process
            continue
    return found


@pytest.mark.parametrize("killed", [0, 1])
@pytest.mark.parametrize("resume_ranks", [1, 4])
def test_a_killed_rank_stops_all_and_the_run_resumes(data_dir, long_alone, killed, resume_ranks):
    run = data_dir / f"killed-{killed}-{resume_ranks}"
    child = start(data_dir, run, 2)
    found = processes(run)
    assert sorted(found) == [0, 1]
    os.kill(found[killed], signal.SIGKILL)
    _, stderr = child.communicate(timeout=30)
    assert child.returncode != 0
    assert f"process rank {killed}" in stderr  # of mpirun
    assert "signal 9" in stderr
    time.sleep(0.1)
    assert processes(run) == {}
    if killed == 1:
        # Rank 0 had time to write the state of the last complete batch.
        assert "rank 1: no answer after the stop signal" in stderr
        assert f"train --resume {run}" in stderr
        assert (run / "checkpoint.fovea").exists()
    assert not (run / "model.safetensors").exists()
    done = train(resume_ranks, "train", "--resume", run)
    assert "Resuming" in done.stdout
    if killed == 1:
        assert "epoch  1/" not in done.stdout
    assert weights(run) == long_alone


def test_a_stop_signal_to_mpirun_leaves_a_checkpoint(data_dir, long_alone):
    run = data_dir / "stopped"
    child = start(data_dir, run, 2)
    child.send_signal(signal.SIGTERM)
    _, stderr = child.communicate(timeout=30)
    assert child.returncode != 0, stderr
    assert (run / "checkpoint.fovea").exists(), stderr
    fovea("train", "--resume", run, "--threads", 1)
    assert weights(run) == long_alone


def test_without_the_mpi_library_no_rank_trains(data_dir, tmp_path):
    program = tmp_path / "fovea"
    shutil.copy(FOVEA, program)
    done = mpirun(2, *train_arguments(data_dir, tmp_path / "run"), program=program)
    assert done.returncode != 0
    assert f"{tmp_path}/libfovea_mpi.so, and that file is missing" in done.stderr
    assert not (tmp_path / "run").exists()
    fovea_alone = [program, *train_arguments(data_dir, tmp_path / "run")]
    assert subprocess.run(list(map(str, fovea_alone)), capture_output=True).returncode == 0


def test_an_error_of_all_ranks_is_printed_once(data_dir, tmp_path):
    arguments = train_arguments(data_dir, tmp_path / "run")
    arguments[arguments.index("halves")] = "quarters"
    done = mpirun(3, *arguments)
    assert done.returncode == 1
    assert done.stderr.count('there is no dataset "quarters"') == 1
    done = mpirun(3, "train", "--data", "halves", "--threads", "many")
    assert done.returncode == 2
    assert done.stderr.count("--threads") == 1


def two_contexts(first, second, arguments):
    """One rank with each of two lists of options of mpirun."""
    command = [*MPIRUN, "-n", 1, *first, FOVEA, *arguments, ":", "-n", 1, *second, FOVEA, *arguments]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60)


def test_ranks_with_other_instruction_sets_are_rejected(data_dir, tmp_path):
    if "avx2" not in Path("/proc/cpuinfo").read_text():
        pytest.skip("SKIPPED: the processor has no second instruction set")
    done = two_contexts(
        ["-x", "FOVEA_ISA=avx2"], ["-x", "FOVEA_ISA=baseline"], train_arguments(data_dir, tmp_path / "run")
    )
    assert done.returncode == 1
    assert "the instruction set of rank 1" in done.stderr
    assert "baseline" in done.stderr
    assert not (tmp_path / "run" / "results.csv").exists()


def test_ranks_with_another_dataset_of_the_same_name_are_rejected(data_dir, tmp_path):
    other = make_halves(tmp_path, seed=6)
    # The data directory is the working directory, another one for each rank.
    done = two_contexts(
        ["-wdir", data_dir], ["-wdir", other], train_arguments("/proc/self/cwd", tmp_path / "run")
    )
    assert done.returncode == 1
    assert "the revision of dataset halves of rank 1" in done.stderr
    assert not (tmp_path / "run" / "results.csv").exists()
