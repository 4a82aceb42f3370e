#!/usr/bin/env python3
"""What people write first: one ZIP per study folder, one thread, deflate 6, then testzip.

usage: zip-baseline.py SOURCE TARGET
SOURCE holds one folder per study. A ZIP gets its final name when testzip found nothing.
"""

import os
import sys
import zipfile


def export(study, target):
    part = target + ".part"
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as out:
        for folder, _, names in os.walk(study):
            for name in sorted(names):
                path = os.path.join(folder, name)
                out.write(path, os.path.relpath(path, study))
    with zipfile.ZipFile(part) as back:
        damaged = back.testzip()
    if damaged is not None:
        sys.exit("damaged: " + damaged)
    os.rename(part, target)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    source, target = sys.argv[1:]
    os.makedirs(target, exist_ok=True)
    for name in sorted(os.listdir(source)):
        study = os.path.join(source, name)
        if os.path.isdir(study):
            export(study, os.path.join(target, name + ".zip"))


if __name__ == "__main__":
    main()
