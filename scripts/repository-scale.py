#!/usr/bin/python3
"""Fills a repository with many studies that are made up, and measures each command on it.

usage: repository-scale.py FOLDER STUDIES IMAGES SERDAB MAKER

SERDAB is the program as a shell would run it, MAKER what runs serdab.destination.repository.FullRepository.
FOLDER is new; it takes some 100 bytes for each image and 50 kB for each study. Needs age. A command may take 512 MB of
memory (its peak resident set); how long it takes is told and not judged.
"""

import json
import os
import shlex
import struct
import subprocess
import sys
import time
import zipfile

MEMORY_MAX_MB = 512

folder, studies, images, serdab, maker = sys.argv[1:6]
os.makedirs(folder)
os.chdir(folder)
wrong = []


def run(name, command, home, exits=(0,), judged=True):
    """Runs a command and gives what it printed."""
    environment = dict(os.environ, SERDAB_HOME=os.path.abspath(home), SERDAB_LANG="en", MALLOC_ARENA_MAX="2")
    with open("out", "w+b") as out:
        begun = time.monotonic()
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - begun
        out.seek(0)
        text = out.read().decode("utf-8", "replace")
    memory = usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    said = ""
    if process.returncode not in exits:
        said = "ended with %d: %s" % (process.returncode, text[-2000:])
    elif judged and memory > MEMORY_MAX_MB:
        said = "more than %d MB" % MEMORY_MAX_MB
    if said:
        wrong.append(name + ": " + said)
    print("%-36s %8.1f s  cpu %7.1f s  %5.0f MB  load %4.1f  %s" % (
        name, wall, usage.ru_utime + usage.ru_stime, memory, os.getloadavg()[0], said), flush=True)
    return text


def serdab_runs(name, *arguments, home="home", exits=(0,)):
    return run(name, shlex.split(serdab) + list(arguments), home, exits)


def expect(what, found, text):
    if not found:
        wrong.append(what + ": " + text[-2000:])


def element(group, number, kind, value):
    if len(value) % 2:
        value += b" " if kind not in ("UI", "OW") else b"\0"
    if kind == "OW":
        return struct.pack("<HH2sHI", group, number, kind.encode(), 0, len(value)) + value
    return struct.pack("<HH2sH", group, number, kind.encode(), len(value)) + value


def study(number):
    """A real study of two images (PS3.10 section 7.1)."""
    uid = "1.2.826.0.1.3680043.8.498.89.%d" % number
    for image in (1, 2):
        sop = "%s.1.%d" % (uid, image)
        storage = b"1.2.840.10008.5.1.4.1.1.7"
        meta = element(2, 2, "UI", storage) + element(2, 3, "UI", sop.encode())
        meta += element(2, 0x10, "UI", b"1.2.840.10008.1.2.1")
        content = b"\0" * 128 + b"DICM" + element(2, 0, "UL", struct.pack("<I", len(meta))) + meta
        content += element(8, 0x16, "UI", storage) + element(8, 0x18, "UI", sop.encode())
        content += element(8, 0x20, "DA", b"20200101") + element(8, 0x60, "CS", b"OT")
        content += element(0x10, 0x10, "PN", b"REAL^%d" % number) + element(0x10, 0x20, "LO", b"R%d" % number)
        content += element(0x20, 0x0D, "UI", uid.encode()) + element(0x20, 0x0E, "UI", (uid + ".1").encode())
        for tag, value in ((0x02, 1), (0x10, 64), (0x11, 64), (0x100, 8), (0x101, 8), (0x102, 7), (0x103, 0)):
            content += element(0x28, tag, "US", struct.pack("<H", value))
            if tag == 0x02:
                content += element(0x28, 0x04, "CS", b"MONOCHROME2")
        content += element(0x7FE0, 0x10, "OW", os.urandom(4096))
        path = "library/study%d" % number
        os.makedirs(path, exist_ok=True)
        with open("%s/%d" % (path, image), "wb") as file:
            file.write(content)
    return uid


place = "repo:" + os.path.abspath("sealed")
person = os.path.abspath("person.txt")
subprocess.run(["age-keygen", "-o", person], check=True, stderr=subprocess.DEVNULL)
recipient = subprocess.run(["age-keygen", "-y", person], check=True, capture_output=True, text=True).stdout.strip()
backup = ["backup", "--from", "folder:" + os.path.abspath("library"), "--to", place, "--quiet-time", "0s"]
first = study(1)
serdab_runs("repository init", "repository", "init", place, "--recipient", recipient)
serdab_runs("backup, first", *backup)
run("(made up)", shlex.split(maker) + ["sealed", "home", studies, images], "home", judged=False)
count = int(studies) + 1

listed = serdab_runs("repository snapshots", "repository", "snapshots", place, "--json", "--show-studies")
expect("snapshots", listed.count('"version":"') == count, listed)
checked = serdab_runs("repository check, a thirtieth", "repository", "check", place, "--share", "1/30")
expect("check", "%d versions" % count in checked.replace(",", "") and " 0 NOT good" in checked, checked)
serdab_runs("repository check", "repository", "check", place)
serdab_runs("repository prune --plan", "repository", "prune", place, "--plan")
serdab_runs("recover, on another machine", "recover", "--from", place, "--identity", person, home="other")
serdab_runs("status", "status", home="other", exits=(0, 3))
serdab_runs("prune --plan", "prune", place, "--plan", "--keep-versions", "1", "--identity", person, home="other")
present = serdab_runs("verify --depth present", "verify", place, "--depth", "present", home="other")
expect("verify", "%d good 0 NOT good" % count in present.replace(",", ""), present)
serdab_runs("verify --share 1/1000", "verify", place, "--depth", "intact", "--share", "1/1000", home="other")
back = serdab_runs(
    "restore, one study", "restore", "--from", place, "--study", first, "--to", os.path.abspath("back"),
    "--identity", person, home="other")
restored = [open(os.path.join(path, name), "rb").read() for path, _, names in os.walk("back") for name in names]
for image in (1, 2):
    expect("restore", open("library/study1/%d" % image, "rb").read() in restored, back)
study(2)
copied = serdab_runs("backup, a new study", *backup, home="other")
expect("backup", "1 copied and proven" in copied, copied)
serdab_runs("backup, unchanged", *backup, home="other")
serdab_runs("repository repair", "repository", "repair", place, home="other")
subprocess.run(["rm", "-r", "sealed/index"], check=True)
serdab_runs("snapshots, every index lost", "repository", "snapshots", place, "--json", home="other")
study(3)
copied = serdab_runs("backup, every index lost", *backup, home="other")
expect("backup", "1 copied and proven" in copied, copied)
# Any two of a group may be lost.
halves = sorted(name for name in os.listdir("sealed/parity") if name.endswith(".zip"))
with zipfile.ZipFile(os.path.join("sealed/parity", halves[len(halves) // 2])) as half:
    members = [member["name"] for member in json.loads(half.read("parity.json"))["members"]]
lost = [os.path.join("sealed/packs", name[:2], name + ".age") for name in members[:2]]
for pack in lost:
    os.remove(pack)
subprocess.run(["rm", "-r", "sealed/index"], check=True)
mended = serdab_runs("repair, packs and every index lost", "repository", "repair", place, home="other")
expect("repair", all(os.path.exists(pack) for pack in lost), mended)
if wrong:
    sys.exit("\n".join(wrong))
