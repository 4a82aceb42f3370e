#!/usr/bin/env python3
"""Turns the standard's table of attributes into the dictionary the product ships.

usage: scripts/make-dictionary.py ATTRIBUTES.JSON > product/src/main/resources/serdab/dicom/dictionary.txt

ATTRIBUTES.JSON is PS3.6 as JSON: a list of attributes with tag, keyword and valueRepresentation
(https://github.com/innolitics/dicom-standard). One line per attribute comes out, sorted by tag:

    TTTTTTTT VR[/VR...] Keyword

where an X stands for a digit that repeating groups are free to choose. Attributes without a VR
(item delimiters, retired numbers without a name) are left out; those without a keyword keep a "-".
"""
import json
import sys

def main():
    lines = {}
    with open(sys.argv[1], encoding="utf-8") as table:
        attributes = json.load(table)
    for attribute in attributes:
        tag = attribute["tag"].strip("()").replace(",", "").upper()
        vrs = attribute["valueRepresentation"].split(" or ")
        if len(tag) != 8 or not all(len(vr) == 2 and vr.isalpha() for vr in vrs):
            continue
        keyword = attribute["keyword"].strip() or "-"
        lines[tag] = f"{tag} {'/'.join(vrs)} {keyword}"
    print("# PS3.6 data dictionary: tag, VR, keyword. Made by scripts/make-dictionary.py; see dictionary-LICENSE.txt.")
    for tag in sorted(lines):
        print(lines[tag])


if __name__ == "__main__":
    main()
