#!/usr/bin/env python3
"""Restores studies from a sealed repository (repository.md) with Python 3, the programs `age` and `zstd`, and nothing else.

    restore.py REPOSITORY IDENTITY list                 what is there: study, version, time, files
    restore.py REPOSITORY IDENTITY restore TARGET [KEY] all versions of all studies, or of the study KEY, into the folder TARGET

IDENTITY is a person's age identity file, with or without a passphrase. Every file is compared with its SHA-256. Who wrote it
is not checked: repository.md section 3.4 tells how. Ends with 1 when something could not be restored.
"""
import base64, hashlib, json, os, re, struct, subprocess, sys, tempfile, zipfile


# ---- JPEG-LS, lossless (T.87); section 4.2


def decode_jls(data):
    """The comment of a stream and its cells' samples in the order of the layout."""
    at, comment, planes, preset = 2, "", [], {}
    while True:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xD9:
            break
        body, at = data[at + 4 : at + 2 + length], at + 2 + length
        if marker == 0xFE:
            comment = body.decode("ascii")
        elif marker == 0xF7:
            bits, rows, columns = body[0], int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
        elif marker == 0xF8 and body[0] == 1:
            preset = dict(zip(("max", "t1", "t2", "t3", "reset"), (int.from_bytes(body[i : i + 2], "big") for i in range(1, 11, 2))))
        elif marker == 0xDA:
            count = body[0]
            if body[1 + 2 * count] != 0:
                raise ValueError("a JPEG-LS stream is not lossless")
            samples, at = decode_scan(data, at, rows, columns, count, bits, preset)
            planes.append(samples)
    return comment, [sample for plane in planes for sample in plane]


def decode_scan(data, at, rows, columns, count, bits, preset):
    top = preset.get("max") or (1 << bits) - 1
    span, limit, qbpp = top + 1, 2 * (max(2, top.bit_length()) + max(8, top.bit_length())), top.bit_length()
    up, down, t = (min(top, 4095) + 128) // 256, 256 // span, [1]  # T.87 section C.2.4.1.1.1
    usual = (up + 2, 4 * up + 3, 17 * up + 4) if top >= 128 else (max(2, 3 // down), max(3, 7 // down), max(4, 21 // down))
    for name, value in zip(("t1", "t2", "t3"), usual):
        t.append(preset.get(name) or (value if t[-1] <= value <= top else t[-1]))
    reset = preset.get("reset") or 64
    quantized = [0] * (2 * top + 1)
    for d in range(1, top + 1):
        quantized[d] = 1 if d < t[1] else 2 if d < t[2] else 3 if d < t[3] else 4
        quantized[-d] = -quantized[d]
    start = max(2, (span + 32) // 64)
    A, B, C, N = [start] * 367, [0] * 367, [0] * 365, [1] * 367
    J = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15]
    buffer, have, run_index, begin = 0, 0, 0, at

    def fetch():
        nonlocal buffer, have, at
        size = 6 if at + 6 < len(data) and b"\xff" not in data[at - 1 : at + 6] else 1
        count = 8 * size - (at > begin and data[at - 1] == 0xFF)
        if size == 1 and (data[at] == 0xFF and data[at + 1] > 0x7F or count == 7 and data[at] > 0x7F):
            raise ValueError("a JPEG-LS stream ends too early")
        buffer, have, at = buffer << count | int.from_bytes(data[at : at + size], "big"), have + count, at + size

    def bits_of(n):
        nonlocal buffer, have
        while have < n:
            fetch()
        have -= n
        value, buffer = buffer >> have, buffer & (1 << have) - 1
        return value

    def golomb(k, most, zeros=0):
        nonlocal buffer, have
        while buffer == 0:
            zeros, have = zeros + have, 0
            fetch()
        zeros, have = zeros + have - buffer.bit_length(), buffer.bit_length() - 1
        buffer &= (1 << have) - 1
        return zeros << k | bits_of(k) if zeros < most else bits_of(qbpp) + 1

    def interruption(ra, rb, kind):  # T.87 section A.7.2
        q = 365 + kind
        total, k = A[q] + (N[q] >> 1 if kind else 0), 0
        while N[q] << k < total:
            k += 1
        code = golomb(k, limit - J[run_index] - 2 - qbpp)
        odd = (code + kind) & 1
        error = code + kind + odd >> 1
        if (k != 0 or 2 * B[q] >= N[q]) == bool(odd):
            error = -error
        B[q] += error < 0
        A[q] += code + 1 - kind >> 1
        if N[q] == reset:
            A[q], B[q], N[q] = A[q] >> 1, B[q] >> 1, N[q] >> 1
        N[q] += 1
        return ((ra if kind else rb) + (-error if not kind and ra > rb else error)) % span

    lines, out = [[0] * (columns + 2) for _ in range(count)], []
    for _ in range(rows):
        before, lines = lines, [[0] * (columns + 2) for _ in range(count)]
        for c in range(count):
            before[c][columns + 1], lines[c][0] = before[c][columns], before[c][1]
        x = 1
        while x <= columns:
            contexts = []
            for c in range(count):
                up, left = before[c], lines[c][x - 1]
                contexts.append(81 * quantized[up[x + 1] - up[x]] + 9 * quantized[up[x] - up[x - 1]] + quantized[up[x - 1] - left])
            if not any(contexts):
                length, broken = 0, False
                while x + length <= columns:
                    if bits_of(1):
                        step = min(1 << J[run_index], columns - x - length + 1)
                        length += step
                        if step == 1 << J[run_index] and run_index < 31:
                            run_index += 1
                    else:
                        length, broken = length + bits_of(J[run_index]), True
                        break
                for c in range(count):
                    lines[c][x : x + length] = [lines[c][x - 1]] * length
                x += length
                if broken:
                    for c in range(count):
                        ra, rb = lines[c][x - 1], before[c][x]
                        lines[c][x] = interruption(ra, rb, 1 if count == 1 and ra == rb else 0)
                    run_index = max(0, run_index - 1)
                    x += 1
                continue
            for c in range(count):
                q, up, a = contexts[c], before[c], lines[c][x - 1]
                sign, q = (-1, -q) if q < 0 else (1, q)
                b, d = up[x], up[x - 1]
                low, high = (a, b) if a < b else (b, a)
                guess = (low if d >= high else high if d <= low else a + b - d) + sign * C[q]
                guess = 0 if guess < 0 else top if guess > top else guess
                n, total, k = N[q], A[q], 0
                while n << k < total:
                    k += 1
                error = golomb(k, limit - qbpp - 1)
                error = -(error + 1 >> 1) if error & 1 else error >> 1
                if k == 0 and 2 * B[q] <= -n:
                    error = -error - 1
                A[q], B[q] = A[q] + abs(error), B[q] + error
                if n == reset:
                    A[q], B[q], N[q] = A[q] >> 1, B[q] >> 1, n >> 1
                N[q] = n = N[q] + 1
                if B[q] <= -n:
                    B[q], C[q] = max(B[q] + n, 1 - n), max(C[q] - 1, -128)
                elif B[q] > 0:
                    B[q], C[q] = min(B[q] - n, 0), min(C[q] + 1, 127)
                lines[c][x] = (guess + sign * error) % span
            x += 1
        out += [sample for pixel in zip(*(line[1 : columns + 1] for line in lines)) for sample in pixel]
    while not (data[at] == 0xFF and data[at + 1] > 0x7F):
        at += 1
    return out, at


# ---- the repository
def run(command, given=None):
    done = subprocess.run(command, input=given, stdout=subprocess.PIPE)
    if done.returncode:
        raise ValueError(f"{command[0]} ended with {done.returncode}")
    return done.stdout


class Repository:
    def __init__(self, root, identity, scratch):
        self.root, self.scratch, self.packs, self.groups = root, scratch, {}, {}
        identities = []
        for generation in self.names("keys", r"(\d+)\.age"):
            keys = json.loads(run(["age", "-d", "-i", identity, os.path.join(root, "keys", generation + ".age")]))
            identities += [keys["identity"], keys["index"]]
        self.opener = self.secret("repository", "\n".join(identities))
        self.removed = {name.replace("-", "/") for copy in ("", "1", "2") for name in self.names(os.path.join("removed", copy), r"([0-9a-f]{32}-[0-9]{8})\.json")}
        self.erased = {name for copy in ("", "1", "2") for name in self.names(os.path.join("erased", copy), r"([0-9a-f]{32})\.json")}

    def bytes_of(self, *path):
        with open(os.path.join(self.root, *path), "rb") as file:
            return file.read()

    def names(self, folder, pattern):
        listed = sorted(os.listdir(os.path.join(self.root, folder))) if os.path.isdir(os.path.join(self.root, folder)) else []
        return [match[1] for match in (re.fullmatch(pattern, name) for name in listed) if match]

    def secret(self, name, text):
        path = os.path.join(self.scratch, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(text + "\n")
        return path

    def snapshots(self):
        for session in self.names("snapshots", r"([0-9a-f]{32})"):
            for number in self.names(os.path.join("snapshots", session), r"(\d{8})\.zip"):
                with zipfile.ZipFile(os.path.join(self.root, "snapshots", session, number + ".zip")) as opened:
                    entries = {name: opened.read(name) for name in opened.namelist()}
                snapshot = json.loads(entries["snapshot.json"])
                if snapshot["kind"] in ("end", "fence"):
                    break
                if snapshot["kind"] == "version" and snapshot["group"] not in self.erased and f"{session}/{number}" not in self.removed:
                    label = json.loads(run(["age", "-d", "-i", self.opener], entries["label.age"]))
                    yield label, snapshot

    def pack(self, name, group):
        if name not in self.packs:
            stored = os.path.join(self.root, "packs", name[:2], name + ".age")
            if group not in self.groups:  # Whatever opens; where two machines began a group at once, it takes both.
                self.groups[group] = self.secret(group, "".join(self.identities(group)))
            self.packs[name] = run(["age", "-d", "-i", self.groups[group], stored])
            while len(self.packs) > 8:
                del self.packs[next(iter(self.packs))]
        return self.packs[name]

    def identities(self, group):
        for name in self.names(os.path.join("groups", group[:2], group), r"(\d+\.json)"):
            try:
                sealed = base64.b64decode(json.loads(self.bytes_of("groups", group[:2], group, name))["identity"])
                yield run(["age", "-d", "-i", self.opener], sealed).decode()
            except (ValueError, KeyError) as problem:
                print("groups/%s/%s/%s: %s" % (group[:2], group, name, problem), file=sys.stderr)

    def blob(self, snapshot, place):
        pack, offset, stored, size, codec = place
        listed = snapshot["packs"][pack]
        data = self.pack(listed["name"], listed["group"])[offset : offset + stored]
        if codec == 2:
            comment, samples = decode_jls(data)
            _, _, cell, order, _, shift, _, _ = comment.split(" ")
            span, shift, code = 256 ** int(cell), int(shift), ("<" if order == "le" else ">") + str(len(samples)) + " BH"[int(cell)]
            data = struct.pack(code, *((sample + shift) % span for sample in samples))
        elif codec in (1, 3):
            data = run(["zstd", "-dcq"], data)
        if codec == 3:
            data = unfiltered(data)
        if size not in (None, len(data)):
            raise ValueError("a blob has not its length")
        return data

    def files(self, snapshot):
        at = snapshot["manifest"]
        manifest, headers = json.loads(self.blob(snapshot, [at["pack"], at["offset"], at["stored"], None, 1])), {}
        for file in manifest["files"]:
            block, begin = file.get("header", [0, 0])
            parts = []
            for part in file["parts"]:
                if isinstance(part, list):
                    parts.append(self.blob(snapshot, part))
                elif part:
                    if block not in headers:
                        headers = {block: self.blob(snapshot, manifest["headers"][block] + [1])}
                    parts.append(headers[block][begin : begin + part])
                    begin += part
            data = b"".join(parts)
            if len(data) != file["bytes"] or hashlib.sha256(data).hexdigest() != file["sha256"]:
                raise ValueError("a file is not what it was")
            yield file["path"], data


def unfiltered(content):  # section 4.3
    kind, cell, per_pixel, columns, cells = *content[:2], *(int.from_bytes(content[a:b], "big") for a, b in ((2, 4), (4, 8), (8, 16)))
    width, span, out = per_pixel * columns, 256**cell, []
    zero = span // 2 if kind == 3 else 0
    for i in range(cells):
        value = content[16 + i] + (content[16 + cells + i] << 8 if cell == 2 else 0)
        b = out[i - width] if i >= width else zero
        a, c = (out[i - per_pixel], out[i - width - per_pixel] if i >= width else zero) if i % width >= per_pixel else (b, b)
        if kind > 1:
            value = -(value + 1 >> 1) if value & 1 else value >> 1
        out.append((value + (a if kind == 1 else sorted((a, b, a + b - c))[1])) % span)
    return b"".join(((value - zero) % span).to_bytes(cell, "little") for value in out) + content[16 + cell * cells :]


def main(root, identity, what, target=None, wanted=None):
    failures = 0
    with tempfile.TemporaryDirectory() as scratch:
        repository = Repository(root, identity, scratch)
        for label, snapshot in repository.snapshots():
            if what == "list":
                print(label["key"], label["name"][:12], snapshot["time"], snapshot["files"], sep="\t")
            elif wanted in (None, label["key"]):
                folder = os.path.join(target, re.sub(r"[^0-9A-Za-z._-]", "_", label["key"]), label["name"][:12])
                try:
                    for path, data in repository.files(snapshot):
                        place = os.path.realpath(os.path.join(folder, path))
                        if not place.startswith(os.path.realpath(folder) + os.sep):
                            raise ValueError("a path leads out of the folder")
                        os.makedirs(os.path.dirname(place), exist_ok=True)
                        with open(place, "xb") as file:
                            file.write(data)
                except (ValueError, OSError, KeyError, IndexError) as problem:
                    failures += 1
                    print("snapshots/%s/%08d: %s" % (snapshot["session"], snapshot["number"], problem), file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5, 6) or sys.argv[3] not in ("list", "restore") or sys.argv[3] == "restore" and len(sys.argv) == 4:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
