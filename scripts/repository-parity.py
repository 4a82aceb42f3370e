#!/usr/bin/python3
"""Checks the parity of a repository, going by docs/format/repository.md section 7.1 and nothing else.

  repository-parity.py FOLDER

Says what differs. Multiplies bit by bit, by the polynomial as it is written there.
"""
import hashlib
import json
import os
import sys
import zipfile

folder = sys.argv[1]
STRIPE = 4096


def times(a, b):
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a & 0x100:
            a ^= 0x11D
        b >>= 1
    return product


def sums(data):
    return b"".join(hashlib.sha256(data[at:at + STRIPE]).digest()[:4]
                    for at in range(0, len(data), STRIPE))


def fail(what):
    sys.exit("differs: " + what)


files = 0
packs = set()
parts = {}
names = os.listdir(os.path.join(folder, "parity"))
pairs = {name[:-5] for name in names if name.endswith(".pair")}
for name in sorted(names):
    path = os.path.join(folder, "parity", name)
    if name.endswith(".pair"):
        if os.path.getsize(path) != 0:
            fail(name + ": not empty")
        continue
    content = open(path, "rb").read()
    if hashlib.sha256(content).hexdigest() + ".zip" != name:
        fail(name + ": its name")
    archive = zipfile.ZipFile(path)
    if archive.testzip() is not None:
        fail(name + ": a checksum of the ZIP")
    about = json.loads(archive.read("parity.json"))
    part = about["part"]
    if archive.namelist() != ["parity.json", "sums.bin", part + ".bin", "sums-again.bin",
                              "parity-again.json"]:
        fail(name + ": entries")
    if archive.read("parity-again.json") != archive.read("parity.json"):
        fail(name + ": parity-again.json")
    if archive.read("sums-again.bin") != archive.read("sums.bin"):
        fail(name + ": sums-again.bin")
    if about["stripe"] != STRIPE or not 1 <= len(about["members"]) <= 16:
        fail(name + ": parity.json")
    members = []
    for member in about["members"]:
        pack = member["name"]
        packs.add(pack)
        data = open(os.path.join(folder, "packs", pack[:2], pack + ".age"), "rb").read()
        if len(data) != member["stored"] or hashlib.sha256(data).hexdigest() != pack:
            fail(name + ": member " + pack)
        members.append(data + bytes(-len(data) % STRIPE))
    length = max(len(member) for member in members)
    both = {}
    for kind in "pq":
        total = 0
        factor = 1
        for member in members:
            table = bytes(times(byte, factor) for byte in range(256))
            total ^= int.from_bytes(member.translate(table) + bytes(length - len(member)), "big")
            if kind == "q":
                factor = times(factor, 2)
        both[kind] = total.to_bytes(length, "big")
    if archive.read(part + ".bin") != both[part]:
        fail(name + ": " + part + ".bin")
    expected = b"".join(sums(member) for member in members) + sums(both["p"]) + sums(both["q"])
    if archive.read("sums.bin") != expected:
        fail(name + ": sums.bin")
    parts.setdefault(json.dumps(about["members"]), {})[part] = name[:64]
    files += 1
if any(set(found) != {"p", "q"} for found in parts.values()):
    fail("a part is missing")
if {found["p"] + "-" + found["q"] for found in parts.values()} != pairs:
    fail("the pairs")
print("all right: %d files, %d packs" % (files, len(packs)))
