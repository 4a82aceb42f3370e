"""Checks the folder of a Horos or OsiriX library against the rules by which those viewers read it.

Independent of Serdab: only the standard library. Usage: check-library.py "PATH/Horos Data"
[FILES-PER-FOLDER]. Prints a line for each broken rule and ends with 1, or prints what it counted.
"""
import os
import re
import sqlite3
import sys

folder = sys.argv[1]
per_folder = int(sys.argv[2]) if len(sys.argv) > 2 else 10000
broken = []


def rule(holds, text):
    if not holds:
        broken.append(text)


def leading_integer(name):
    found = re.match(r"\d+", name)
    return int(found.group()) if found else 0


# The viewer knows a library by its name only, and given another makes an empty one beside it.
rule(os.path.basename(folder) in ("Horos Data", "OsiriX Data"), "the folder has another name")

# Side files belong to one moment of one index; markers and queues to a viewer at work.
for where, folders, files in os.walk(folder):
    for name in files:
        low = name.lower()
        inside = os.path.relpath(os.path.join(where, name), folder)
        rule(not re.search(r"\.sql-(wal|shm|journal)$", low), "side file " + inside)
        rule(not low.endswith(".part"), "unfinished file " + inside)
        rule(low not in (".place-id", ".place-lock", "request.txt"), "foreign file " + inside)
        rule(low != "deletequeuefile.plist", "a queue of files to delete: " + inside)
        rule(low not in ("loading", "thumbnailpath", "database3.sql"), "marker " + inside)
rule(not os.path.exists(os.path.join(folder, "DBFOLDER_LOCATION")), "a pointer to another place")

# Numbered folders: any other is deleted at start, with everything in it.
images = os.path.join(folder, "DATABASE.noindex")
names = {}
count = 0
for number in sorted(os.listdir(images)) if os.path.isdir(images) else []:
    path = os.path.join(images, number)
    rule(os.path.isdir(path), "a file outside of numbered folders: " + number)
    rule(number.isdigit() and int(number) % per_folder == 0, "not a numbered folder: " + number)
    inside = os.listdir(path) if os.path.isdir(path) else []
    rule(any(leading_integer(n) > 0 for n in inside), "the viewer deletes the folder " + number)
    for name in inside:
        count += 1
        rule(leading_integer(name) > 0, "no number: " + number + "/" + name)
        expected = (leading_integer(name) // per_folder + 1) * per_folder
        rule(str(expected) == number, number + "/" + name + " belongs into " + str(expected))
        rule(name not in names, name + " is in two folders")
        names[name] = number

index = os.path.join(folder, "Database.sql")
rows = studies = in_albums = 0
if os.path.exists(index):
    version = os.path.join(folder, "DB_VERSION")
    rule(os.path.exists(version), "an index without DB_VERSION is thrown away by the viewer")
    db = sqlite3.connect("file:" + index.replace("?", "%3f") + "?mode=ro&immutable=1", uri=True)
    rule(db.execute("PRAGMA integrity_check").fetchone()[0] == "ok", "the index is damaged")
    header = open(index, "rb").read(20)
    rule(header[18] == 1, "the index is in WAL mode, without its log")
    tables = [r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for table in ("ZSTUDY", "ZSERIES", "ZIMAGE", "ZALBUM", "Z_PRIMARYKEY", "Z_METADATA"):
        rule(table in tables, "no table " + table)
    studies = db.execute("SELECT count(*) FROM ZSTUDY").fetchone()[0]

    for number, text, flag in db.execute(
            "SELECT DISTINCT ZPATHNUMBER, ZPATHSTRING, ZSTOREDINDATABASEFOLDER FROM ZIMAGE"):
        rows += 1
        name = str(number) + ".dcm" if number is not None else text
        if not name or name.startswith("/"):
            continue  # Linked: the report beside the library names it.
        place = str((leading_integer(name) // per_folder + 1) * per_folder)
        there = os.path.join(images, place, name)
        rule(os.path.isfile(there) and os.path.getsize(there) > 0, "a row's file is not there: " + name)

    joins = [t for t in tables if re.match(r"^Z_\d+(STUDIES|ALBUMS)$", t)]
    rule(len(joins) == 1, "not one table that joins albums and studies")
    for join in joins:
        columns = [r[1] for r in db.execute("PRAGMA table_info(%s)" % join)]
        album = next(c for c in columns if c.endswith("ALBUMS"))
        study = next(c for c in columns if c.endswith("STUDIES"))
        in_albums = db.execute("SELECT count(*) FROM %s" % join).fetchone()[0]
        lost = db.execute(
            "SELECT count(*) FROM %s WHERE %s NOT IN (SELECT Z_PK FROM ZSTUDY) OR %s NOT IN"
            " (SELECT Z_PK FROM ZALBUM)" % (join, study, album)).fetchone()[0]
        rule(lost == 0, "albums that hold studies which are not there")

    for (url,) in db.execute("SELECT ZREPORTURL FROM ZSTUDY WHERE ZREPORTURL <> ''"):
        if not re.match(r"^(https?:|file:|/)", url):
            rule(os.path.isfile(os.path.join(folder, url)), "a report is not there: " + url)
    db.close()
    rule(not os.path.exists(index + "-wal") and not os.path.exists(index + "-journal"), "side files")

waiting = os.path.join(folder, "INCOMING.noindex")
incoming = os.listdir(waiting) if os.path.isdir(waiting) else []
for name in incoming:
    rule(not name.startswith("."), "a name the viewer leaves alone: " + name)
rule(len(incoming) <= 10000, "more files in INCOMING than the viewer takes at once")

for line in broken:
    print(line)
print("%d files, %d rows, %d studies, %d in albums, %d in INCOMING"
      % (count, rows, studies, in_albums, len(incoming)))
sys.exit(1 if broken else 0)
