"""A repository beside restic and borg, in one run on the same files.

usage: bench-repository.py CHECKOUT DATA [ROWS COMMIT]

Each program makes its first backup of DATA into an empty, encrypted repository, a second one of the unchanged
files, and restores everything. Size and time come from one setting, each program's default. Prints what it
measured; with ROWS it appends rows of docs/proof/repository.md.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time


def measured(arguments, environment, folder=None):
    """Wall seconds and seconds of processor time of a program that must succeed."""
    begun = time.monotonic()
    process = subprocess.Popen(
        arguments, env=environment, cwd=folder, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit("%s ended with %d: %s" % (arguments[:2], process.returncode, said.decode("utf-8", "replace")[-500:]))
    return time.monotonic() - begun, usage.ru_utime + usage.ru_stime


def size_of(folder, without=()):
    total = 0
    for path, folders, files in os.walk(folder):
        if path == folder:
            folders[:] = [name for name in folders if name not in without]
        total += sum(os.path.getsize(os.path.join(path, name)) for name in files)
    return total


def serdab(checkout, data, scratch, environment, *options):
    command, place = os.path.join(checkout, "serdab"), os.path.join(scratch, "serdab")
    environment = dict(environment, SERDAB_HOME=os.path.join(scratch, "home"), SERDAB_PASSPHRASE="bench")
    measured([command, "repository", "init", place], environment)
    backup = [command, "backup", "--from", "folder:" + data, "--to", "repo:" + place, *options]
    first = measured(backup, environment)
    stored, parity = size_of(place, ("parity",)), size_of(place) - size_of(place, ("parity",))
    again = measured(backup, environment)
    restored = measured(
        [command, "restore", "--from", "repo:" + place, "--to", os.path.join(scratch, "serdab-back"), "--all"], environment)
    return first, again, restored, stored, parity


def restic(data, scratch, environment):
    place = os.path.join(scratch, "restic")
    environment = dict(environment, RESTIC_PASSWORD="bench", RESTIC_CACHE_DIR=os.path.join(scratch, "restic-cache"))
    command = ["restic", "-q", "-r", place]
    measured(command + ["init"], environment)
    first = measured(command + ["backup", data], environment)
    stored = size_of(place)
    again = measured(command + ["backup", data], environment)
    restored = measured(command + ["restore", "latest", "--target", os.path.join(scratch, "restic-back")], environment)
    return first, again, restored, stored, 0


def borg(data, scratch, environment):
    place, back = os.path.join(scratch, "borg"), os.path.join(scratch, "borg-back")
    environment = dict(
        environment, BORG_PASSPHRASE="bench", BORG_BASE_DIR=os.path.join(scratch, "borg-home"),
        BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK="yes")
    measured(["borg", "init", "-e", "repokey", place], environment)
    first = measured(["borg", "create", place + "::one", data], environment)
    stored = size_of(place)
    again = measured(["borg", "create", place + "::two", data], environment)
    os.makedirs(back)
    restored = measured(["borg", "extract", place + "::two"], environment, back)
    return first, again, restored, stored, 0


def main():
    checkout, data = sys.argv[1:3]
    environment = dict(os.environ)
    results = {}
    for name, run in (
            ("serdab", lambda scratch: serdab(checkout, data, scratch, environment)),
            ("fast", lambda scratch: serdab(checkout, data, scratch, environment, "--compression", "fast")),
            ("restic", lambda scratch: restic(data, scratch, environment)),
            ("borg", lambda scratch: borg(data, scratch, environment))):
        scratch = tempfile.mkdtemp(prefix="bench-")
        try:
            results[name] = run(scratch)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        first, again, restored, stored, parity = results[name]
        print(
            f"{name:7} first {first[0]:6.1f} s (cpu {first[1]:6.1f})  again {again[0]:5.1f} s (cpu {again[1]:5.1f})  "
            f"restore {restored[0]:6.1f} s (cpu {restored[1]:6.1f})  {stored / 1e6:8.2f} MB, parity {parity / 1e6:.2f} MB  "
            f"load {os.getloadavg()[0]:.1f}", flush=True)
    ours, theirs = results["serdab"], results["restic"]
    rows = []
    for what, index in (("first backup", 0), ("unchanged", 1), ("restore", 2)):
        rows.append((
            f"{os.path.basename(data)}: {what} beside restic",
            f"{ours[index][0]:.1f} s beside {theirs[index][0]:.1f} s: {ours[index][0] / theirs[index][0]:.2f} of the time; "
            f"processor {ours[index][1]:.1f} s beside {theirs[index][1]:.1f} s (load {os.getloadavg()[0]:.1f})"))
    rows.append((
        f"{os.path.basename(data)}: size beside restic",
        f"{ours[3] / 1e6:.1f} MB (parity {ours[4] / 1e6:.1f} MB apart) beside {theirs[3] / 1e6:.1f} MB: {ours[3] / theirs[3]:.3f}; "
        f"borg {results['borg'][3] / 1e6:.1f} MB"))
    for name, result in rows:
        print(name + ": " + result)
    if len(sys.argv) > 4:
        with open(sys.argv[3], "a", encoding="utf-8") as out:
            for name, result in rows:
                out.write(f"| {name} | `./dev bench repository` | {result} | {sys.argv[4]} |\n")


if __name__ == "__main__":
    main()
