#!/usr/bin/env python3
"""python3 restore-from-inventory.py TREE TARGET: restores every DICOM instance that the inventories of the ZIP tree in
folder TREE name into folder TARGET, and compares each with its SHA-256. Needs pydicom. Ends with 1 when one is bad."""
import hashlib
import pathlib
import sys
import urllib.parse
import zipfile
import zlib

import pydicom

STUDIES, SERIES, INSTANCES, ACCESS = 0x00080423, 0x00080424, 0x00080425, 0x0008041A
URI, FILENAME, OFFSET, LENGTH, MAC = 0x00080409, 0x0008040B, 0x0008040C, 0x0008040D, 0x04000404


def pieces(archive, name, offset, length, how):
    """The file in pieces: by its name in the ZIP, or by its place when the ZIP's directory is damaged."""
    if how == "name":
        with zipfile.ZipFile(archive) as whole, whole.open(name) as entry:
            while piece := entry.read(1 << 20):
                yield piece
        return
    unpack = zlib.decompressobj(-15) if how == "deflated" else None
    with open(archive, "rb") as raw:
        raw.seek(offset)
        while length > 0 and (piece := raw.read(min(length, 1 << 20))):
            length -= len(piece)
            yield unpack.decompress(piece) if unpack else piece


def restore(tree, target, access):
    archive = tree / urllib.parse.unquote(access[URI].value)
    name = urllib.parse.unquote(access[FILENAME].value)
    place = target / archive.parent.name / archive.stem / name
    if target.resolve() not in place.resolve().parents:
        return False
    place.parent.mkdir(parents=True, exist_ok=True)
    for how in ("name", "stored", "deflated"):
        digest = hashlib.sha256()
        try:
            with open(place, "wb") as out:
                for piece in pieces(archive, name, access[OFFSET].value, access[LENGTH].value, how):
                    digest.update(piece)
                    out.write(piece)
            if digest.digest() == access[MAC].value:
                return True
        except (OSError, KeyError, ValueError, zipfile.BadZipFile, zlib.error):
            continue
    place.unlink(missing_ok=True)
    return print("damaged:", archive, name)


counts = {True: 0, False: 0}
for file in sorted((pathlib.Path(sys.argv[1]) / "_index").glob("inventory-*.dcm")):
    for study in pydicom.dcmread(file)[STUDIES].value:
        for access in (a for s in study[SERIES].value for i in s[INSTANCES].value for a in i[ACCESS].value):
            counts[bool(restore(*map(pathlib.Path, sys.argv[1:3]), access))] += 1
print(counts[True], "instances restored,", counts[False], "damaged or missing")
sys.exit(1 if counts[False] else 0)
