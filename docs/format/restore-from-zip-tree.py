#!/usr/bin/env python3
"""Restores studies from a tree of ZIPs (zip-tree.md, zip-tree-recipes.md) with Python 3 alone, files stored as JPEG-LS included.

    restore-from-zip-tree.py TREE TARGET [TEXT]     every ZIP of the folder TREE, or those with TEXT in their path, into the folder TARGET

Every file is compared with its SHA-256. Where the program dcmdjpls (dcmtk) is there, it decodes: much faster than the decoder
here, which takes over where the two do not agree. Ends with 1 when something could not be restored.
"""
import hashlib, json, multiprocessing, os, shutil, subprocess, sys, tempfile, zipfile, zlib


# ---- JPEG-LS, lossless (T.87)


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


# ---- recipes


def frame_of(data):
    """Bits per sample, samples of a pixel, bytes of a sample, and length in bytes of a frame, from its stream."""
    at = data.index(b"\xff\xf7")
    bits, rows, columns, count = data[at + 4], int.from_bytes(data[at + 5 : at + 7], "big"), int.from_bytes(data[at + 7 : at + 9], "big"), data[at + 9]
    cell = 2 if bits > 8 else 1
    return bits, count, cell, rows * columns * count * cell


def pixels_by_dcmdjpls(entry, frames, layout):
    """The native pixels of all frames as dcmdjpls has them; nothing when it has not."""
    size = sum(frame_of(data)[3] for data in frames)
    with tempfile.TemporaryDirectory() as scratch:
        coded, plain = os.path.join(scratch, "a"), os.path.join(scratch, "b")
        with open(coded, "wb") as file:
            file.write(entry)
        if subprocess.run(["dcmdjpls", "-q", "+px" if layout == "pixel" else "+pl", coded, plain]).returncode:
            return None
        with open(plain, "rb") as file:
            out = file.read()
    for vr in (b"OW", b"OB"):
        at = out.rfind(b"\xe0\x7f\x10\x00" + vr + b"\0\0" + (size + size % 2).to_bytes(4, "little"))
        if at >= 0:
            return out[at + 12 : at + 12 + size]
    return None


def pixels_by_hand(data, layout):
    _, count, cell, _ = frame_of(data)
    _, samples = decode_jls(data)
    if layout == "plane" and count > 1:
        samples = [sample for c in range(count) for sample in samples[c::count]]
    return b"".join(sample.to_bytes(cell, "little") for sample in samples)


def with_signs(raw, bits, cell):
    """The bits above those stored become copies of the sign."""
    top, span, out = 1 << bits - 1, 256**cell, []
    for i in range(0, len(raw), cell):
        value = int.from_bytes(raw[i : i + cell], "little") % (2 * top)
        out.append(((value ^ top) - top) % span)
    return b"".join(value.to_bytes(cell, "little") for value in out)


def rebuilt(entry, recipe, length, sha256):
    steps, at, frames = [], 0, []
    for step in recipe["steps"].split(" "):
        kind, value = step[0], bytes.fromhex(step[1:]) if step[0] == "+" else int(step[1:])
        if kind != "+":
            value, at = entry[at : at + value], at + value
        if kind in "us":
            frames.append(value)
        steps.append((kind, value))
    for fast in (True, False):
        pixels = pixels_by_dcmdjpls(entry, frames, recipe["layout"]) if fast and shutil.which("dcmdjpls") else None
        if fast and pixels is None:
            continue
        out, used = [], 0
        for kind, value in steps:
            if kind in "us":
                bits, _, cell, size = frame_of(value)
                raw = pixels[used : used + size] if fast else pixels_by_hand(value, recipe["layout"])
                used += size
                value = with_signs(raw, bits, cell) if kind == "s" else raw
            if kind != "-":
                out.append(value)
        data = b"".join(out)
        if at == len(entry) and len(data) == length and hashlib.sha256(data).hexdigest() == sha256:
            return data
    return None


def restore(tree, name, target):
    """How many files of a ZIP came back, and how many did not."""
    good = bad = 0
    folder = os.path.join(target, name[: -len(".zip")])
    try:
        with zipfile.ZipFile(os.path.join(tree, name)) as opened:
            if "study-manifest.json" in opened.namelist():
                manifest = json.loads(opened.read("study-manifest.json"))
            else:
                with open(os.path.join(tree, name[: -len(".zip")] + ".study-manifest.json"), "rb") as beside:
                    manifest = json.load(beside)
            for file in manifest["files"]:
                try:
                    data, sha256 = opened.read(file["entry"]), file["digests"]["file-sha256-v1"]
                    if "recipe" in file:
                        data = rebuilt(data, file["recipe"], file["length"], sha256)
                    place = os.path.realpath(os.path.join(folder, file.get("path", file["entry"])))
                    if data is None or hashlib.sha256(data).hexdigest() != sha256:
                        raise ValueError("it is not what it was")
                    if not place.startswith(os.path.realpath(folder) + os.sep):
                        raise ValueError("its path leads out of the folder")
                    os.makedirs(os.path.dirname(place), exist_ok=True)
                    with open(place, "xb") as out:
                        out.write(data)
                    good += 1
                except (ValueError, OSError, KeyError, IndexError, zlib.error, zipfile.BadZipFile) as problem:
                    bad += 1
                    print(name, file.get("entry"), problem, sep=": ", file=sys.stderr)
    except (ValueError, OSError, KeyError, zipfile.BadZipFile) as problem:
        bad += 1
        print(name, problem, sep=": ", file=sys.stderr)
    return good, bad


def main(tree, target, text=""):
    names = sorted(os.path.relpath(os.path.join(folder, name), tree) for folder, _, all in os.walk(tree) for name in all if name.endswith(".zip"))
    wanted = [(tree, name, target) for name in names if text in name and not name.startswith("_set-aside")]
    with multiprocessing.Pool() as pool:
        counts = pool.starmap(restore, wanted, 1)
    print(sum(good for good, _ in counts), "files restored,", sum(bad for _, bad in counts), "damaged or missing")
    return 1 if any(bad for _, bad in counts) else 0


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
