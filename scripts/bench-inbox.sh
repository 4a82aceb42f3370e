#!/bin/sh
# Images a second that stock storescu gets rid of: to stock storescp, and to `serdab receive`, which syncs each image to
# disk before it answers; and, as the sender's own limit, to a storescp that keeps nothing. MR of 34 kB and CT of 527 kB, over one association and over four.
#   scripts/bench-inbox.sh [FOLDER]     FOLDER: on the disk to measure (default: a new one under /tmp)
# SERDAB_COMMAND: how Serdab is started, when not by ./serdab
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
serdab=${SERDAB_COMMAND:-$root/serdab}
work=$(mktemp -d "${1:-/tmp}/bench-inbox.XXXXXX")
pids=
stop() {
  for pid in $pids; do kill "$pid" 2>/dev/null || :; done
  rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM
cd "$work"

/usr/bin/python3 - <<'PY'
import os
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage
for name, side, count in (("mr", 130, 1000), ("ct", 513, 900)):
    for i in range(count):
        folder = f"{name}/{i % 4}"
        os.makedirs(folder, exist_ok=True)
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = MRImageStorage
        meta.MediaStorageSOPInstanceUID = f"1.2.9.{side}.{i}"
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        one = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
        one.is_little_endian, one.is_implicit_VR = True, False
        one.SOPClassUID, one.SOPInstanceUID = MRImageStorage, meta.MediaStorageSOPInstanceUID
        one.StudyInstanceUID, one.SeriesInstanceUID = f"1.2.9.{side}", f"1.2.9.{side}.0"
        one.PatientName, one.PatientID, one.Modality = "Bench^Mark", "B1", name.upper()
        one.Rows = one.Columns = side
        one.BitsAllocated = one.BitsStored = 16
        one.HighBit, one.PixelRepresentation, one.SamplesPerPixel = 15, 0, 1
        one.PhotometricInterpretation = "MONOCHROME2"
        one.PixelData = os.urandom(2 * side * side)
        one.save_as(f"{folder}/{i}.dcm", write_like_original=False)
PY
for name in mr ct; do
  mkdir "$name-few"
  for file in "$name"/0/*; do
    [ "$(ls "$name-few" | wc -l)" -lt 75 ] && ln "$file" "$name-few/"
  done || :
done

# What was written just now must not wait in front of what is measured.
sync

mkdir storescp
storescp -od storescp 11198 >/dev/null 2>&1 &
pids="$pids $!"
# What storescu can do at most: into a receiver that keeps nothing, and without what makes it wait.
TCP_NODELAY=1 storescp --ignore 11197 >/dev/null 2>&1 &
pids="$pids $!"
SERDAB_HOME=$work/home $serdab receive --inbox "$work/inbox" --port 11199 --for 1h >receive.txt 2>&1 &
pids="$pids $!"
until grep -q Listening receive.txt; do sleep 1; done

# rate COUNT WORDS COMMAND…
rate() {
  sent=$1 words=$2
  shift 2
  begun=$(date +%s%N)
  "$@" >/dev/null 2>&1
  ended=$(date +%s%N)
  awk -v n="$sent" -v t="$((ended - begun))" -v w="$words" -v l="$(cut -d' ' -f1 /proc/loadavg)" \
    'BEGIN { printf "%-38s %8.1f images/s   load %s\n", w, n * 1e9 / t, l }'
}
send() { storescu -R -xe +sd -aec SERDAB 127.0.0.1 "$1" "$2"; }
thrown() { TCP_NODELAY=1 storescu -R -xe +sd +r -aec SERDAB 127.0.0.1 11197 "$1"; }
all() { storescu -R -xe +sd +r -aec SERDAB 127.0.0.1 11199 "$1"; }
four() (
  for part in 0 1 2 3; do send 11199 "$1/$part" & done
  wait
)

for round in 1 2; do
  for name in mr ct; do
    count=$(ls "$name"/* | grep -c dcm)
    rate 75 "$name storescu -> storescp" send 11198 "$name-few"
    rate "$count" "$name storescu -> nowhere (TCP_NODELAY=1)" thrown "$name"
    rate "$count" "$name storescu -> receive" all "$name"
    sleep 5; sync
    rate "$count" "$name 4 x storescu -> receive" four "$name"
    sleep 5; sync
  done
done
