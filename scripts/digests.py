#!/usr/bin/python3
"""The four digests of DICOM files, computed as docs/format/digests.md says and in no other way.

Written apart from the product, from the document alone, so that the two can be compared. It reads
whole files into memory and is slow; it is a yardstick, not a tool for libraries.

  digests.py FILE...            one line per file: path, four digests ("-" when absent), reason
  digests.py --stdin            the same for the paths on standard input
  digests.py --vectors FILE     checks a file of test vectors, says what differs
  digests.py --fill FILE        writes the digests into a file of test vectors
"""
import hashlib
import os
import re
import struct
import sys
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
BULK = 65536
EXPANDED_MAX = 1 << 20
DEPTH_MAX = 256
BUFFERED_MAX = 64 << 20
BULKS_MAX = 65536
NAMES = ["file-sha256-v1", "data-set-sha256-v1", "canonical-sha256-v1", "pixel-sha256-v1"]
TEXT = set("AE AS CS DA DS DT IS LO LT PN SH ST TM UC UI UR UT".split())
LONG_FORM = set("OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
KNOWN_VR = TEXT | LONG_FORM | set("AT FL FD SL SS UL US".split())
WORD = {"OW": 2, "US": 2, "SS": 2, "AT": 2, "OF": 4, "OL": 4, "FL": 4, "SL": 4, "UL": 4,
        "OD": 8, "OV": 8, "FD": 8, "SV": 8, "UV": 8}
UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
PIXEL = (0x7FE00010, 0x7FE00008, 0x7FE00009)


class NotUnderstood(Exception):
    """The bytes are not a data set that ends with the file."""


class NoElement(NotUnderstood):
    """No element can start here."""


# --- the dictionary -------------------------------------------------------------------------------

def load_dictionary():
    exact, masked = {}, []
    with open(dictionary_path(), encoding="utf-8") as table:
        for row in rows(table):
            tag, vr = row
            if "X" in tag:
                digits = re.sub("^([56]0)XX", "\\1(?:[01][0-9A-F])", tag).replace("X", "[0-9A-F]")
                masked.append((re.compile(digits + "$"), vr))
            else:
                exact[int(tag, 16)] = vr
    return exact, masked


def dictionary_path():
    return os.environ.get("SERDAB_DICTIONARY") or os.path.join(
        HERE, "../product/src/main/resources/serdab/dicom/dictionary.txt")


def rows(table):
    for line in table:
        if line.strip() and not line.startswith("#"):
            columns = line.split()
            yield columns[0], columns[1]


EXACT, MASKED, CACHE = {}, [], {}


def vr_of(tag):
    if not EXACT:
        exact, masked = load_dictionary()
        EXACT.update(exact)
        MASKED.extend(masked)
    if tag not in CACHE:
        CACHE[tag] = look_up(tag)
    return CACHE[tag]


def look_up(tag):
    group, element = tag >> 16, tag & 0xFFFF
    if group & 1:
        return "LO" if 0x10 <= element <= 0xFF else ""
    if tag in EXACT:
        return EXACT[tag]
    for pattern, vr in MASKED:
        if pattern.match("%08X" % tag):
            return vr
    return ""


def class_of(tag):
    vr = vr_of(tag)
    if vr in TEXT:
        return "text"
    if vr in ("", "SQ", "UN") or vr.startswith("See"):
        return "unknown"
    return "binary"


# --- reading --------------------------------------------------------------------------------------

class Element:
    """kind is value (content: start, end), sequence (content: items) or fragments (content: ranges,
    the basic offset table first)."""

    def __init__(self, tag, vr, kind, content, at, big):
        self.tag, self.vr, self.kind, self.content, self.at, self.big = tag, vr, kind, content, at, big


class Reader:
    def __init__(self, data, explicit, big):
        self.data, self.explicit, self.big = data, explicit, big

    def u16(self, at, big):
        return struct.unpack_from(">H" if big else "<H", self.data, at)[0]

    def u32(self, at, big):
        return struct.unpack_from(">I" if big else "<I", self.data, at)[0]

    def tag(self, at, big):
        return self.u16(at, big) << 16 | self.u16(at + 2, big)

    def need(self, at, length, end, what):
        if at + length > end:
            raise NotUnderstood("%s at %d reaches over the end at %d" % (what, at, end))

    def level(self, at, end, explicit, big, depth, delimited):
        """Reads elements up to end, or up to the item delimitation when delimited."""
        if depth > DEPTH_MAX:
            raise NotUnderstood("nested deeper than %d" % DEPTH_MAX)
        elements = []
        while True:
            if at == end and not delimited:
                return elements, at
            try:
                if at + 8 > end:
                    raise NoElement("header at %d reaches over the end" % at)
                tag = self.tag(at, big)
                if delimited and tag == ITEM_END:
                    return elements, at + 8
                if tag >> 16 in (0xFFFE, 0):
                    raise NoElement("no element at %d" % at)
                element, at = self.element(at, end, explicit, big, depth)
            except NoElement:
                if depth == 0 and any(e.tag in PIXEL for e in elements):
                    return elements, at  # bytes behind the last element
                raise
            elements.append(element)

    def element(self, start, end, explicit, big, depth):
        tag = self.tag(start, big)
        at = start + 4
        vr = None
        if explicit:
            vr = self.data[at:at + 2].decode("latin-1")
            if vr in KNOWN_VR:
                if vr in LONG_FORM:
                    self.need(at, 8, end, "element header")
                    length, at = self.u32(at + 4, big), at + 8
                else:
                    length, at = self.u16(at + 2, big), at + 4
            elif re.match("[A-Z][A-Z]$", vr) and self.data[at + 2:at + 4] == b"\0\0" \
                    and at + 8 <= end and at + 8 + self.u32(at + 4, big) <= end:
                length, at = self.u32(at + 4, big), at + 8
            else:
                raise NoElement("VR %r at %d" % (vr, at))
        else:
            length, at = self.u32(at, big), at + 4
        if length == UNDEFINED:
            if vr not in ("OB", "OD", "OF", "OL", "OV", "OW") and not (tag in PIXEL and vr in (None, "UN")):
                if vr == "UN":
                    items, at = self.items(at, end, False, False, depth, True)
                else:
                    items, at = self.items(at, end, explicit, big, depth, True)
                return Element(tag, vr, "sequence", items, start, big), at
            ranges, at = self.fragments(at, end, big)
            return Element(tag, vr, "fragments", ranges, start, big), at
        self.need(at, length, end, "value")
        if vr == "SQ" or vr is None and vr_of(tag) == "SQ":
            items, _ = self.items(at, at + length, explicit, big, depth, False)
            return Element(tag, vr, "sequence", items, start, big), at + length
        return Element(tag, vr, "value", (at, at + length), start, big), at + length

    def items(self, at, end, explicit, big, depth, delimited):
        items = []
        while True:
            if at == end and not delimited:
                return items, at
            self.need(at, 8, end, "item header")
            tag, length = self.tag(at, big), self.u32(at + 4, big)
            if tag == SEQUENCE_END and delimited:
                return items, at + 8
            if tag == SEQUENCE_END and at + 8 == end:
                return items, end
            if tag != ITEM:
                raise NotUnderstood("no item at %d" % at)
            at += 8
            if length == UNDEFINED:
                item, at = self.level(at, end, explicit, big, depth + 1, True)
            else:
                self.need(at, length, end, "item")
                item, _ = self.level(at, at + length, explicit, big, depth + 1, False)
                at += length
            items.append(item)

    def fragments(self, at, end, big):
        ranges = []
        while True:
            self.need(at, 8, end, "fragment header")
            tag, length = self.tag(at, big), self.u32(at + 4, big)
            at += 8
            if tag == SEQUENCE_END:
                if not ranges:
                    raise NotUnderstood("no basic offset table before %d" % at)
                return ranges, at
            if tag != ITEM:
                raise NotUnderstood("no fragment at %d" % (at - 8))
            self.need(at, length, end, "fragment")
            ranges.append((at, at + length))
            at += length


def find_data_set(data):
    """Start of the data set, transfer syntax UID or None, as they stand in the file."""
    at = 132 if data[128:132] == b"DICM" else 0
    uid = None
    while data[at:at + 2] == b"\x02\0" and at + 8 <= len(data):
        element = struct.unpack_from("<H", data, at + 2)[0]
        vr = data[at + 4:at + 6].decode("latin-1")
        if vr in LONG_FORM:
            length, at = struct.unpack_from("<I", data, at + 8)[0], at + 12
        elif vr in KNOWN_VR:
            length, at = struct.unpack_from("<H", data, at + 6)[0], at + 8
        else:
            length, at = struct.unpack_from("<I", data, at + 4)[0], at + 8
        if at + length > len(data):
            raise NotUnderstood("File Meta Information reaches over the end")
        if element == 0x10:
            uid = data[at:at + length].rstrip(b"\0 ").decode("latin-1")
        at += length
    return at, uid


def syntax_of(uid, data, at):
    """(explicit, big endian): what the first element looks like; the UID says its byte order."""
    if len(data) - at < 8:
        raise NotUnderstood("no data set")
    looks_explicit = data[at + 4:at + 6].decode("latin-1") in KNOWN_VR
    if looks_explicit:
        if uid:
            return True, uid == "1.2.840.10008.1.2.2"
        return True, struct.unpack_from(">H", data, at)[0] < struct.unpack_from("<H", data, at)[0]
    return False, False


# --- section 2: bulk ------------------------------------------------------------------------------

def little(data, tag, vr, big, ge_pixels):
    word = WORD.get(vr or "", 1) if big else 1
    if ge_pixels and tag == 0x7FE00010:
        word = 2
    if word == 1:
        return bytes(data)
    whole = len(data) // word * word
    out = bytearray(data)
    for i in range(word):
        out[i:whole:word] = data[word - 1 - i:whole:word]
    return bytes(out)


def evened(data, tag, vr):
    if len(data) & 1:
        kind = class_of(tag)
        text = kind == "text" or kind == "unknown" and vr in TEXT and vr != "UI"
        return data + (b" " if text else b"\0")
    return data


def sha(data):
    return hashlib.sha256(data).digest()


# --- section 5: frames ----------------------------------------------------------------------------

def is_small(element):
    return element.kind == "value" and element.content[1] - element.content[0] < BULK


def number_of_frames(level, data, before):
    for element in level:
        if element.tag == 0x00280008 and is_small(element) and element.at < before:
            text = data[slice(*element.content)].strip(b" \0")
            if re.fullmatch(rb"\+?[0-9]{1,9}", text):
                return max(1, int(text))
            return 1
    return 1


def frames_of(element, level, data):
    """A list of lists of fragment ranges."""
    table, fragments = element.content[0], element.content[1:]
    n = number_of_frames(level, data, element.at)
    if not fragments:
        return []
    if n == 1:
        return [fragments]
    if len(fragments) > n:
        starts = [start - 8 - (fragments[0][0] - 8) for start, _ in fragments]
        tables = [offsets(data[slice(*table)], 4, element.big)]
        for other in level:
            if other.tag == 0x7FE00001 and is_small(other) and other.at < element.at:
                tables.append(offsets(data[slice(*other.content)], 8, other.big))
                break
        for candidate in tables:
            if len(candidate) == n and candidate[0] == 0 and set(candidate) <= set(starts) \
                    and all(a < b for a, b in zip(candidate, candidate[1:])):
                firsts = [starts.index(offset) for offset in candidate] + [len(fragments)]
                return [fragments[a:b] for a, b in zip(firsts, firsts[1:])]
    return [[fragment] for fragment in fragments]


def offsets(table, width, big):
    if len(table) % width:
        return []
    return list(struct.unpack((">" if big else "<") + {4: "I", 8: "Q"}[width] * (len(table) // width), table))


def joined(element, level, data):
    """Frame lengths, and the bulk digest of the fragments."""
    lengths, digest = [], hashlib.sha256()
    for frame in frames_of(element, level, data):
        length = 0
        for start, end in frame:
            digest.update(data[start:end])
            length += end - start
        if length & 1:
            digest.update(b"\0")
            length += 1
        lengths.append(length)
    return lengths, digest.digest()


# --- section 3: the data set ----------------------------------------------------------------------

class DataSet:
    def __init__(self, data, start, explicit, big, ge_pixels):
        self.data, self.start, self.ge_pixels, self.searched, self.bulks = data, start, ge_pixels, 0, 0
        reader = Reader(data, explicit, big)
        self.elements, _ = reader.level(start, len(data), explicit, big, 0, False)
        if not self.elements:
            raise NotUnderstood("no elements")

    def value(self, element):
        return little(self.data[slice(*element.content)], element.tag, element.vr, element.big, self.ge_pixels)

    def bulk_digest(self, element):
        return sha(evened(self.value(element), element.tag, element.vr))

    def replacements(self, level, out):
        for element in level:
            if element.kind == "sequence":
                for item in element.content:
                    self.replacements(item, out)
            elif element.kind == "fragments":
                self.bulks += 1
                digest = joined(element, level, self.data)[1]
                fragments = element.content[1:]
                for index, (start, end) in enumerate(fragments):
                    out.append((start, end, digest if index == len(fragments) - 1 else b""))
            else:
                start, end = element.content
                if end - start >= BULK:
                    self.bulks += 1
                    out.append((start, end, self.bulk_digest(element)))
        return out

    def data_set_digest(self):
        digest, at, small = hashlib.sha256(), self.start, 0
        for start, end, instead in self.replacements(self.elements, []):
            digest.update(self.data[at:start])
            small += start - at
            digest.update(instead)
            at = end
        digest.update(self.data[at:])
        small += len(self.data) - at
        return digest.hexdigest(), small

    # --- section 4: canonical ---

    def canonical(self):
        return sha(self.canonical_level(self.elements, 0)).hex()

    def canonical_level(self, level, depth):
        out = []
        for element in sorted(level, key=lambda e: e.tag):
            if element.tag & 0xFFFF == 0 or element.tag in (0xFFFCFFFC, 0x7FE00001, 0x7FE00002):
                continue
            head = struct.pack("<HH", element.tag >> 16, element.tag & 0xFFFF)
            if element.kind == "sequence":
                items = [self.canonical_level(item, depth + 1) for item in element.content]
                out.append(head + canonical_items(items))
            elif element.kind == "fragments":
                lengths, digest = joined(element, level, self.data)
                out.append(head + b"\x04" + struct.pack("<I", len(lengths))
                           + b"".join(struct.pack("<Q", n) for n in lengths) + digest)
            else:
                start, end = element.content
                value = self.value(element)
                if BULK <= len(value) <= EXPANDED_MAX and value[:4] == b"\xfe\xff\x00\xe0" \
                        and class_of(element.tag) == "unknown":
                    self.searched += len(value)
                out.append(head + canonical_value(element.tag, element.vr, value, depth))
        return b"".join(out)

    # --- section 6: pixels ---

    def pixel_digest(self):
        found = [e for e in self.elements if e.tag in PIXEL]
        if len(found) != 1 or found[0].kind == "sequence":
            return None
        if found[0].kind == "fragments":
            return joined(found[0], self.elements, self.data)[1].hex()
        return self.bulk_digest(found[0]).hex()


def canonical_items(items):
    if not items:
        return plain(b"")
    return b"\x03" + b"".join(b"\x06" + item + b"\x07" for item in items) + b"\x05"


def plain(value):
    return b"\x01" + struct.pack("<Q", len(value)) + value


def canonical_value(tag, vr, value, depth):
    kind = class_of(tag)
    if kind == "unknown" and 8 <= len(value) <= EXPANDED_MAX and value[:4] == b"\xfe\xff\x00\xe0":
        try:
            items = expanded(value, depth)
            return canonical_items([canonical_expanded(item, value, depth + 1) for item in items])
        except NotUnderstood:
            pass
    if len(value) >= BULK:
        value = evened(value, tag, vr)
        return b"\x02" + struct.pack("<Q", len(value)) + sha(value)
    if kind == "text":
        return plain(value.rstrip(b"\0 "))
    if kind == "binary":
        return plain(evened(value, tag, vr))
    value = evened(value, tag, vr)
    bare = value.rstrip(b"\0 ")
    if re.fullmatch(rb"[0-9.]+", bare):
        return plain(bare)
    return plain(value.rstrip(b" "))


def expanded(value, depth):
    """Items, each a list of (tag, (start, end)) or (tag, items): only undefined lengths nest here."""
    items, at = item_list(value, 0, len(value), depth, False)
    if at != len(value):
        raise NotUnderstood("bytes left over")
    return items


def item_list(value, at, end, depth, delimited):
    items = []
    while at < end or delimited:
        tag, length = header(value, at, end)
        if tag == SEQUENCE_END and length == 0 and (delimited or at + 8 == end):
            return items, at + 8
        if tag != ITEM or depth + 1 > DEPTH_MAX:
            raise NotUnderstood("no item")
        at += 8
        item_end = end if length == UNDEFINED else at + length
        if item_end > end:
            raise NotUnderstood("item too long")
        item, at = item_elements(value, at, item_end, depth + 1, length == UNDEFINED)
        items.append(item)
    return items, at


def item_elements(value, at, end, depth, delimited):
    elements = []
    while at < end or delimited:
        tag, length = header(value, at, end)
        if tag == ITEM_END and length == 0 and delimited:
            return elements, at + 8
        if tag >> 16 == 0xFFFE:
            raise NotUnderstood("item tag among elements")
        at += 8
        if length == UNDEFINED:
            items, at = item_list(value, at, end, depth, True)
            elements.append((tag, items))
        else:
            if at + length > end:
                raise NotUnderstood("value too long")
            elements.append((tag, (at, at + length)))
            at += length
    return elements, at


def header(value, at, end):
    if at + 8 > end:
        raise NotUnderstood("header cut")
    group, element, length = struct.unpack_from("<HHI", value, at)
    return group << 16 | element, length


def canonical_expanded(level, value, depth):
    out = []
    for tag, content in sorted(level, key=lambda e: e[0]):
        if tag & 0xFFFF == 0 or tag in (0xFFFCFFFC, 0x7FE00001, 0x7FE00002):
            continue
        out.append(struct.pack("<HH", tag >> 16, tag & 0xFFFF))
        if isinstance(content, tuple):
            start, end = content
            out.append(canonical_value(tag, None, value[start:end], depth))
        else:
            out.append(canonical_items([canonical_expanded(item, value, depth + 1) for item in content]))
    return b"".join(out)


# --- all four -------------------------------------------------------------------------------------

def digests(data):
    file_digest = hashlib.sha256(data).hexdigest()
    try:
        start, uid = find_data_set(data)
        if uid == "1.2.840.10008.1.2.1.99":
            parsed = DataSet(inflated(data[start:]), 0, True, False, False)
            data_set, small = hashlib.sha256(data[start:]).hexdigest(), parsed.data_set_digest()[1]
        else:
            explicit, big = syntax_of(uid, data, start)
            parsed = DataSet(data, start, explicit, big, uid == "1.2.840.113619.5.2")
            data_set, small = parsed.data_set_digest()
    except (NotUnderstood, struct.error) as e:
        return [file_digest, None, None, None], str(e)
    if parsed.bulks > BULKS_MAX:
        return [file_digest, None, None, None], "too many bulk values"
    if small > BUFFERED_MAX:
        return [file_digest, None, None, None], "too much that is not bulk"
    canonical = parsed.canonical()
    if parsed.searched > BUFFERED_MAX:
        canonical = None
    return [file_digest, data_set, canonical, parsed.pixel_digest()], ""


def inflated(data):
    inflater = zlib.decompressobj(-15)
    try:
        out = inflater.decompress(data)
    except zlib.error as e:
        raise NotUnderstood("does not inflate: %s" % e)
    if not inflater.eof:
        raise NotUnderstood("deflated bytes end too early")
    return out


# --- test vectors ---------------------------------------------------------------------------------

def read_vectors(path):
    """Yields name, bytes, expected digests, and the index of the line where the digests belong."""
    name, content, expected = None, bytearray(), {}
    for number, line in enumerate(open(path, encoding="utf-8").read().split("\n") + ["== end"]):
        line = line.split("#")[0].strip()
        if line.startswith("=="):
            if name:
                yield name, bytes(content), expected, number
            name, content, expected = line[2:].strip(), bytearray(), {}
        elif line.split(":")[0] in NAMES:
            key, digest = line.split(":")
            expected[key] = digest.strip()
        elif name:
            for token in line.split():
                byte, _, count = token.partition("*")
                content += bytes.fromhex(byte) * int(count or 1)


def check_vectors(path):
    bad = 0
    for name, content, expected, _ in read_vectors(path):
        found, reason = digests(content)
        for key, digest in zip(NAMES, found):
            if expected.get(key) != (digest or "-"):
                bad += 1
                print("%s: %s is %s, the vector says %s %s" % (name, key, digest, expected.get(key), reason))
    print("%d differences" % bad)
    return 1 if bad else 0


def fill_vectors(path):
    lines = [line for line in open(path, encoding="utf-8").read().split("\n")
             if line.split(":")[0] not in NAMES]
    with open(path, "w", encoding="utf-8") as out:
        out.write("\n".join(lines))
    found = {name: digests(content)[0] for name, content, _, _ in read_vectors(path)}
    filled, name = [], None
    for line in lines + ["== end"]:
        if line.startswith("=="):
            if name:
                while filled and not filled[-1].strip():
                    filled.pop()
                filled += ["%s: %s" % (key, digest or "-") for key, digest in zip(NAMES, found[name])] + [""]
            name = line[2:].strip()
        filled.append(line)
    with open(path, "w", encoding="utf-8") as out:
        out.write("\n".join(filled[:-1]))


def main(arguments):
    sys.setrecursionlimit(10000)
    if arguments[:1] == ["--vectors"]:
        return check_vectors(arguments[1])
    if arguments[:1] == ["--fill"]:
        fill_vectors(arguments[1])
        return 0
    paths = [p.rstrip("\n") for p in sys.stdin] if arguments == ["--stdin"] else arguments
    for path in paths:
        with open(path, "rb") as f:
            found, reason = digests(f.read())
        print("\t".join([path] + [d or "-" for d in found] + [reason]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
