#!/usr/bin/python3
"""Checks docs/format/repository-vectors.txt, going by docs/format/repository.md and nothing else.

  repository-vectors.py FILE

Names by Python's hmac, signatures by openssl, age files by age. Says what differs.
"""
import base64
import hashlib
import hmac
import json
import os
import pty
import subprocess
import sys
import tempfile

# DER before the 32 bytes of an Ed25519 public key (RFC 8410 section 4)
SUBJECT_PUBLIC_KEY_INFO = bytes.fromhex("302a300506032b6570032100")

vectors = {}
for line in open(sys.argv[1], encoding="utf-8"):
    if not line.startswith("#") and ": " in line:
        name, value = line.rstrip("\n").split(": ", 1)
        vectors[name] = value
folder = tempfile.mkdtemp()
checked = 0


def path(name, content=None):
    full = os.path.join(folder, name)
    if content is not None:
        with open(full, "wb") as file:
            file.write(content)
    return full


def same(what, expected, found):
    global checked
    if expected != found:
        sys.exit("%s: expected %r, found %r" % (what, expected, found))
    checked += 1


def signed(what, key, subject, body, signature):
    message = "sealed-repository-v1\n%s\n%s\n%s\n" % (
        vectors["repository"], subject, hashlib.sha256(body).hexdigest())
    ran = subprocess.run(
        ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-rawin",
         "-inkey", path("key.der", SUBJECT_PUBLIC_KEY_INFO + base64.b64decode(key)),
         "-in", path("message", message.encode()),
         "-sigfile", path("signature", base64.b64decode(signature))],
        capture_output=True)
    same(what + ": signature", 0, ran.returncode)


def document(what, key, subject):
    head, tail = vectors[what].encode().rsplit(b',"signature":"', 1)
    signed(what, key, subject, head + b"}", tail[:-2])
    return json.loads(vectors[what])


def opened(sealed, identity):
    return subprocess.run(
        ["age", "-d", "-i", path("identity", identity.encode() + b"\n"), path("sealed", sealed)],
        check=True, capture_output=True).stdout


def name(kind, content):
    return hmac.new(bytes.fromhex(vectors["naming"]), kind + b"\n" + content,
                    hashlib.sha256).hexdigest()[:32]


same("group-name", vectors["group-name"], name(b"group", vectors["group-key"].encode()))
same("version-name", vectors["version-name"], name(b"version", vectors["version"].encode()))
same("blob-name", vectors["blob-name"], name(b"blob", bytes.fromhex(vectors["blob"])))

owner = vectors["owner-key"]
signed("zip", owner, "snapshots/0123/00000001",
       vectors["zip-body"].replace("|", "\n").encode(), vectors["zip-signature"])
generation = document("generation", owner, "keys/1.json")
writer = document("writer", owner, "writers/%s.json" % vectors["writer-id"])
same("writer-id", vectors["writer-id"],
     hashlib.sha256(base64.b64decode(writer["key"])).hexdigest()[:32])
group = document("group", writer["key"], "groups/%s/1.json" % vectors["group-name"])

same("generation-sealed", generation["sealed"],
     hashlib.sha256(base64.b64decode(vectors["generation-sealed"])).hexdigest())
secrets = json.loads(opened(base64.b64decode(vectors["generation-sealed"]), vectors["person"]))
same("naming", (1, vectors["naming"], vectors["owner"]),
     (secrets["generation"], secrets["naming"], secrets["owner"]))
same("group-identity", vectors["group-identity"] + "\n",
     opened(base64.b64decode(group["identity"]), secrets["identity"]).decode())



def unfiltered(content):
    """Cells of two bytes, one sample per pixel, as section 4.3 tells."""
    columns, count = int.from_bytes(content[4:8], "big"), int.from_bytes(content[8:16], "big")
    kind, cells = content[0], {}
    for i in range(count):
        y, x = divmod(i, columns)
        value = content[16 + i] | content[16 + count + i] << 8
        left, above = cells.get((y, x - 1)), cells.get((y - 1, x), 0)
        if kind == 1:
            guess = left if left is not None else above
        else:
            value = value // 2 if value % 2 == 0 else -(value + 1) // 2
            if left is None:
                guess = above
            else:
                guess = sorted((left, above, left + above - cells.get((y - 1, x - 1), 0)))[1]
        cell = (guess + value) % 65536
        cells[y, x] = cell - 65536 if kind == 3 and cell > 32767 else cell
    return b"".join((cell % 65536).to_bytes(2, "little") for cell in cells.values()).hex()


for kind in "123":
    same("filtered-" + kind, vectors["filtered-cells"], unfiltered(bytes.fromhex(vectors["filtered-" + kind])))

# age asks a terminal for the passphrase.
sealed = path("sealed", base64.b64decode(vectors["person-sealed"]))
child, terminal = pty.fork()
if child == 0:
    os.execvp("age", ["age", "-d", "-o", path("person"), sealed])
said = b""
while not said.rstrip().endswith(b":"):
    said += os.read(terminal, 1024)
os.write(terminal, vectors["passphrase"].encode() + b"\n")
while True:
    try:
        if not os.read(terminal, 1024):
            break
    except OSError:
        break
os.waitpid(child, 0)
same("person-sealed", vectors["person"] + "\n", open(path("person"), encoding="ascii").read())
print("all right: %d" % checked)
