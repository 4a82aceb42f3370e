"""Runs commands on the library that `./dev make-library FOLDER --full` made, and measures each.

usage: scale.py CHECKOUT FOLDER ROWS COMMIT [--small]

ROWS is a file that gets one row of docs/proof/scale.md for each command. With --small only results
and memory are judged, not time: a small library says nothing of time.
"""

import json
import os
import shlex
import subprocess
import sys
import time

MEMORY_MAX_MB = 512
NEW_STUDIES = 100


def measure(checkout, home, name, arguments, rows, seconds_max=None, exits=(0,)):
    """Runs ./serdab and gives what it printed."""
    environment = dict(os.environ, SERDAB_HOME=home)
    with open(os.path.join(home, "measured.out"), "w+b") as out:
        begun = time.monotonic()
        process = subprocess.Popen(
            [os.path.join(checkout, "serdab")] + arguments,
            env=environment, stdin=subprocess.DEVNULL, stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - begun
        out.seek(0)
        text = out.read().decode("utf-8", "replace")
    memory = usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    cpu = usage.ru_utime + usage.ru_stime
    wrong = []
    if process.returncode not in exits:
        wrong.append(f"ended with {process.returncode}")
    if memory > MEMORY_MAX_MB:
        wrong.append(f"more than {MEMORY_MAX_MB} MB")
    if seconds_max is not None and wall > seconds_max:
        wrong.append(f"more than {seconds_max} s")
    row = (name, shlex.join(["serdab"] + arguments), wall, cpu, memory, "; ".join(wrong))
    rows.append(row)
    print(f"{name:34} {wall:8.1f} s  cpu {cpu:7.1f} s  {memory:6.0f} MB  {row[5]}", flush=True)
    return text


def expect(condition, what, problems):
    if not condition:
        problems.append(what)
        print("wrong: " + what, flush=True)


def main():
    checkout, folder, rows_file, commit = sys.argv[1:5]
    small = "--small" in sys.argv[5:]
    home = os.path.join(folder, "home")
    library = os.path.join(folder, "Horos Data")
    tree = "zip:" + os.path.join(folder, "copies")
    backup = ["backup", "--from", library, "--to", tree, "--naming", "uid"]
    rows, problems = [], []
    limit = None if small else 2
    minute = None if small else 60

    def run(name, arguments, seconds_max=None, exits=(0,)):
        return measure(checkout, home, name, arguments, rows, seconds_max, exits)

    def listed(text):
        return json.loads(text)["totals"]["listed"]

    run("backup, first look", backup)
    before = listed(run("backup, unchanged", backup + ["--json"], minute))
    run("backup --dry-run", backup + ["--dry-run"], minute)
    studies = json.loads(run("studies --patient", ["studies", "--patient", "Made Up 1000", "--json"], limit))
    expect(studies["studies"], "studies --patient finds nobody", problems)
    label = studies["studies"][0]["label"] if studies["studies"] else "none"
    found = json.loads(run("studies --label", ["studies", "--label", label, "--json"], limit))
    expect(len(found["studies"]) >= 1, "studies --label finds nothing", problems)
    missing = json.loads(run("studies --not-copied", ["studies", "--not-copied", "--json"], limit))
    expect(not missing["studies"], "studies are not copied", problems)
    run("status", ["status"], limit, exits=(0, 1, 3))
    run("status --json", ["status", "--json"], limit, exits=(0, 1, 3))
    run("report", ["report"], limit)
    # Not verify: the made-up ZIPs are empty, and it would rightly call them damaged.
    make = os.environ.get("SERDAB_MORE")
    if make:
        subprocess.run(shlex.split(make) + ["more", folder, str(NEW_STUDIES)], check=True)
        after = json.loads(run(f"backup, {NEW_STUDIES} new studies", backup + ["--json"]))["totals"]
        expect(after["listed"] == before + NEW_STUDIES, "new studies are not listed", problems)
        expect(after["copied"] >= NEW_STUDIES, "new studies are not copied", problems)
        run("backup, unchanged again", backup, minute)
    with open(rows_file, "a", encoding="utf-8") as out:
        for name, command, wall, cpu, memory, wrong in rows:
            command = command.replace(folder, "FOLDER").replace(checkout, ".")
            out.write(
                f"| {name} | `{command}` | {wall:.1f} s | {cpu:.1f} s | {memory:.0f} MB |"
                f" {wrong or 'as promised'} | {commit} |\n")
    problems += [f"{row[0]}: {row[5]}" for row in rows if row[5]]
    for problem in problems:
        print("not reached: " + problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
