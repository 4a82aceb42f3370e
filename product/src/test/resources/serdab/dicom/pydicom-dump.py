"""Dumps what pydicom reads, one line per element, for the differential test.

Each line of standard input is a path, with "force" behind a tab when the file has no preamble.
Output: "FILE path", then for each element or item
    depth TAG VR length sha1
with the length as written ("-" when undefined), "." for what pydicom does not keep, and the SHA-1 of
the value field as it stands in the file. "REFUSED reason" and "STOPPED reason" say what went wrong.
"""
import hashlib
import sys
import warnings

import pydicom
from pydicom import config
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement

warnings.simplefilter("ignore")
config.settings.reading_validation_mode = config.IGNORE
UNDEFINED = 0xFFFFFFFF


def vr_of(element):
    if element.VR:
        return element.VR
    tag = element.tag
    if tag.elem == 0:
        return "UL"
    if tag.is_private:
        return "LO" if tag.is_private_creator else "UN"
    try:
        return dictionary_VR(tag)
    except KeyError:
        return "UN"


def dump(dataset, depth, out):
    for tag, element in list(dataset._dict.items()):
        raw = isinstance(element, RawDataElement)
        vr = vr_of(element)
        if raw:
            length = "-" if element.length == UNDEFINED else str(element.length)
        else:
            length = "-" if element.is_undefined_length else "."
        items = None
        if vr == "SQ" or not raw:
            value = dataset[tag].value
            if isinstance(value, pydicom.Sequence):
                items = value
        digest = "."
        if items is None and raw:
            digest = hashlib.sha1(element.value or b"").hexdigest()
        out.append(f"{depth} {int(tag):08X} {vr.replace(' or ', '/')} {length} {digest}")
        if items is not None:
            for item in items:
                undefined = item.is_undefined_length_sequence_item
                out.append(f"{depth} FFFEE000 NONE {'-' if undefined else '.'} .")
                dump(item, depth + 1, out)


def main():
    for line in sys.stdin:
        path, _, force = line.rstrip("\n").partition("\t")
        out = [f"FILE {path}"]
        try:
            dataset = pydicom.dcmread(path, force=force == "force")
            dump(dataset.file_meta, 0, out)
            dump(dataset, 0, out)
        except pydicom.errors.InvalidDicomError:
            out.append("REFUSED")
        except Exception as e:
            out.append(f"STOPPED {type(e).__name__}: {e}".replace("\n", " "))
        print("\n".join(out))


if __name__ == "__main__":
    main()
