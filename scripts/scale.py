"""Runs commands on the library that `./dev make-library FOLDER --full` made, and measures each.

usage: scale.py CHECKOUT FOLDER ROWS COMMIT [--small]

ROWS is a file that gets one row of docs/proof/scale.md for each command. With --small only results
and memory are judged, not time: a small library says nothing of time.

Commands that read every ZIP of the tree have no limit of time: how long they take is the disk's affair.
"""

import contextlib
import glob
import json
import os
import shlex
import shutil
import sqlite3
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
        load = os.getloadavg()[0]
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
    row = (name, shlex.join(["serdab"] + arguments), wall, cpu, memory, "; ".join(wrong), load)
    rows.append(row)
    print(f"{name:40} {wall:8.1f} s  cpu {cpu:7.1f} s  {memory:6.0f} MB  load {load:4.1f}  {row[5]}", flush=True)
    return text


def expect(condition, what, problems):
    if not condition:
        problems.append(what)
        print("wrong: " + what, flush=True)


def make_due(home, copies):
    """Lets the hourly copy of the index and the daily one of the catalogue seem years old."""
    for known in glob.glob(os.path.join(home, "cache", "known-*")):
        with open(known, encoding="utf-8") as old:
            lines = old.read().split("\n")
        lines[1] = "2000-01-01T00:00:00Z"
        with open(known, "w", encoding="utf-8") as new:
            new.write("\n".join(lines))
    with contextlib.closing(sqlite3.connect(os.path.join(home, "catalogue.db"))) as catalogue:
        catalogue.execute("update version set read_at = read_at - 86400000 where study like '\\_library/%' escape '\\'")
        catalogue.commit()
    left = glob.glob(os.path.join(copies, "_recovery", "*", "catalogue-*.zip"))
    for number, name in enumerate(sorted(left)):
        os.rename(name, os.path.join(os.path.dirname(name), f"catalogue-2000010{number + 1}T000000Z.zip"))
    return len(left)


def catalogues(copies):
    return len(glob.glob(os.path.join(copies, "_recovery", "*", "catalogue-20[1-9]*.zip")))


def files_in(folder):
    """How many files were restored; what marks the place itself is not among them."""
    return sum(not name.startswith(".place-") for _, _, files in os.walk(folder) for name in files)


def main():
    checkout, folder, rows_file, commit = sys.argv[1:5]
    small = "--small" in sys.argv[5:]
    home = os.path.join(folder, "home")
    library = os.path.join(folder, "Horos Data")
    copies = os.path.join(folder, "copies")
    tree = "zip:" + copies
    scratch = os.path.join(folder, "scratch")
    shutil.rmtree(scratch, ignore_errors=True)
    os.makedirs(scratch)
    backup = ["backup", "--from", library, "--to", tree, "--naming", "uid"]
    rows, problems = [], []
    limit = None if small else 2
    minute = None if small else 60

    def run(name, arguments, seconds_max=None, exits=(0,)):
        return measure(checkout, home, name, arguments, rows, seconds_max, exits)

    def elsewhere(name, arguments):
        empty_home = os.path.join(scratch, name.replace(" ", "-"))
        os.makedirs(empty_home)
        text = measure(checkout, empty_home, name, arguments, rows)
        shutil.rmtree(empty_home)
        return text

    def listed(text):
        return json.loads(text)["totals"]["listed"]

    run("backup, first look", backup)
    before = listed(run("backup, unchanged", backup + ["--json"], minute))
    run("backup --dry-run", backup + ["--dry-run"], minute)
    studies = json.loads(run("studies --patient", ["studies", "--patient", "Made Up 550", "--json"], limit))
    expect(studies["studies"], "studies --patient finds nobody", problems)
    label = studies["studies"][0]["label"] if studies["studies"] else "none"
    found = json.loads(run("studies --label", ["studies", "--label", label, "--json"], limit))
    expect(len(found["studies"]) >= 1, "studies --label finds nothing", problems)
    missing = json.loads(run("studies --not-copied", ["studies", "--not-copied", "--json"], limit))
    expect(not missing["studies"], "studies are not copied", problems)
    run("status", ["status"], limit, exits=(0, 1, 3))
    run("status --json", ["status", "--json"], limit, exits=(0, 1, 3))
    run("report", ["report"], limit)
    run("verify --depth present", ["verify", tree, "--depth", "present"])
    share = "1/100" if small else "1/1000"
    proven = json.loads(
        run(f"verify --share {share}", ["verify", tree, "--depth", "intact", "--share", share, "--json"]))
    expect(proven["copies"] >= before, "verify does not know all copies", problems)
    expect(0 < proven["checked"] <= 2 + proven["copies"] // int(share[2:]), "verify reads more than its share", problems)
    expect(proven["good"] == proven["checked"], "verify finds copies that are not good", problems)
    one = os.path.join(scratch, "one")
    uid, files = (studies["studies"][0][name] for name in ("key", "files")) if studies["studies"] else ("none", 0)
    run("restore, one study", ["restore", "--from", tree, "--to", one, "--study", uid])
    expect(files_in(one) == files, "a study came back without all its files", problems)
    day = os.path.join(scratch, "day")
    of_day = studies["studies"][0]["study_date"] if studies["studies"] else "2015-01-01"
    on_it = json.loads(run("studies --date", ["studies", "--date", f"{of_day}..{of_day}", "--json"], limit))["studies"]
    run("restore, one day", ["restore", "--from", tree, "--to", day, "--date", f"{of_day}..{of_day}"])
    expect(files_in(day) >= sum(study["files"] for study in on_it) > 0, "not all studies of that day came back", problems)
    run("prune --plan", ["prune", tree, "--plan", "--keep-studies-for", "P20Y"])
    make = os.environ.get("SERDAB_MORE")
    if make:
        subprocess.run(shlex.split(make) + ["more", folder, str(NEW_STUDIES)], check=True)
        after = json.loads(run(f"backup, {NEW_STUDIES} new studies", backup + ["--json"]))["totals"]
        expect(after["listed"] == before + NEW_STUDIES, "new studies are not listed", problems)
        expect(after["copied"] >= NEW_STUDIES, "new studies are not copied", problems)
        run("backup, unchanged again", backup, minute)
        expect(make_due(home, copies) > 0, "no copy of the catalogue was left", problems)
        due = json.loads(run("backup, unchanged, copies due", backup + ["--json"], minute))["totals"]
        # Its copy may have been due in the run with the new studies already.
        expect(after["copied"] + due["copied"] > NEW_STUDIES, "the index that changed is not copied", problems)
        expect(catalogues(copies) == 1, "the catalogue is not copied", problems)
    held = json.loads(run("verify --depth present, again", ["verify", tree, "--depth", "present", "--json"]))["copies"]
    rebuilt = json.loads(elsewhere("catalogue rebuild", ["catalogue", "rebuild", tree, "--json"]))
    expect(rebuilt["remembered"] == held, "not all copies are in the rebuilt catalogue", problems)
    recovered = json.loads(elsewhere("recover", ["recover", "--from", tree, "--json"]))
    expect(recovered["catalogue_of"], "no catalogue was there to recover", problems)
    expect(recovered["known"] + recovered["added"] == held, "not all copies are in the recovered catalogue", problems)
    shutil.rmtree(scratch, ignore_errors=True)
    with open(rows_file, "a", encoding="utf-8") as out:
        for name, command, wall, cpu, memory, wrong, load in rows:
            command = command.replace(folder, "FOLDER").replace(checkout, ".")
            out.write(
                f"| {name} | `{command}` | {wall:.1f} s, load {load:.1f} | {cpu:.1f} s | {memory:.0f} MB |"
                f" {wrong or 'as promised'} | {commit} |\n")
    problems += [f"{row[0]}: {row[5]}" for row in rows if row[5]]
    for problem in problems:
        print("not reached: " + problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
