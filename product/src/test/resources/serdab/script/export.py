"""Makes a tree of ZIPs and a state as the Horos backup script leaves them, its defects at will.

export.py LIBRARY TREE [--table NAME] [DEFECT=UID ...]

Defects: lose (A2: the ZIP is gone, the state still lists it), double (A4: two entries of one name),
drop (A5: the last file is left out), split (A8: two ZIPs, the state has the second), unlisted (the
state does not know it), flip (a bit of the ZIP is wrong), swap (the ZIP holds another study),
volume (the state has the path of another mount), ghost (the state lists a study nobody has).
Prints a line "UID location" for each ZIP.
"""

import os
import re
import sqlite3
import sys
import warnings
import zipfile

import pydicom

library, tree = sys.argv[1:3]
table = "Exported"
defects = {}
for argument in sys.argv[3:]:
    if argument.startswith("--table="):
        table = argument[len("--table="):]
    else:
        kind, uid = argument.split("=")
        defects.setdefault(kind, set()).add(uid)


def has(kind, uid):
    return uid in defects.get(kind, ())


def sanitized(text):
    text = re.sub(r"\s+", "_", text.strip())
    return re.sub(r"[^0-9A-Za-z._-]+", "_", text) or "UNKNOWN"


def day(text):
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}" if re.fullmatch(r"\d{8}", text or "") else "UNKNOWN"


studies = {}
for folder, folders, names in os.walk(os.path.join(library, "DATABASE.noindex")):
    folders.sort()
    for name in sorted(names):
        path = os.path.join(folder, name)
        try:
            header = pydicom.dcmread(path, stop_before_pixels=True, force=True)
            studies.setdefault(str(header.StudyInstanceUID), []).append((path, header))
        except (AttributeError, OSError):
            continue

os.makedirs(tree, exist_ok=True)
state = sqlite3.connect(os.path.join(tree, "export_state.sqlite"))
state.execute(
    f"CREATE TABLE IF NOT EXISTS {table}"
    " (studyInstanceUID TEXT PRIMARY KEY, when_exported TEXT, zip_path TEXT)")


def write(path, files, doubled):
    part = path + ".part"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as out:
            for name, _ in files:
                out.write(name, "IM0001" if doubled else os.path.basename(name))
    os.rename(part, path)
    with zipfile.ZipFile(path) as written:
        assert written.testzip() is None


def record(uid, path):
    if not has("unlisted", uid):
        if has("volume", uid):
            path = "/Volumes/PACS/Elsewhere/" + "/".join(path.split("/")[-2:])
        state.execute(
            f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?)", (uid, "2024-06-01 03:00:00", path))


for uid, files in studies.items():
    header = files[0][1]
    date = str(header.get("StudyDate", "") or "")
    month = f"{date[:4]}_{date[4:6]}" if re.fullmatch(r"\d{8}", date) else "UNKNOWN_DATE"
    prefix = "_".join([
        sanitized(str(header.get("PatientName", "") or "")),
        day(str(header.get("PatientBirthDate", "") or "")), day(date)])
    prefix = prefix[:128 - len(uid) - len("_.zip")].rstrip("_")
    folder = os.path.join(tree, month)
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"{prefix}_{uid}.zip")
    content = files
    if has("drop", uid):
        content = files[:-1]
    if has("swap", uid):
        content = next(other for name, other in studies.items() if name != uid)
    if has("split", uid):
        write(path, files[:1], False)
        record(uid, path)
        print(uid, os.path.relpath(path, tree))
        path = path[:-len(".zip")] + "_2.zip"
        content = files[1:]
    write(path, content, has("double", uid))
    record(uid, path)
    print(uid, os.path.relpath(path, tree))
    if has("flip", uid):
        with open(path, "r+b") as damaged:
            damaged.seek(os.path.getsize(path) // 2)
            byte = damaged.read(1)[0]
            damaged.seek(-1, os.SEEK_CUR)
            damaged.write(bytes([byte ^ 4]))
    if has("lose", uid):
        os.remove(path)
    # The script marks a month after any ZIP of it (A7).
    open(os.path.join(folder, ".month_done"), "w").close()

for uid in defects.get("ghost", ()):
    state.execute(
        f"INSERT INTO {table} VALUES (?, ?, ?)",
        (uid, "2020-01-01", f"{tree}/2020_01/GHOST_UNKNOWN_2020-01-01_{uid}.zip"))
state.commit()
state.close()
with open(os.path.join(tree, "issues.csv"), "w", encoding="utf-8") as issues:
    issues.write("timestamp,kind,study_uid,detail,extra\n2024-06-01T03:00:00,NO_FILES,1.9,,\n")
