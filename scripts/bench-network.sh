#!/bin/sh
# Images per second over one association, beside DCMTK's storescu, side by side in one run.
#
# usage: scripts/bench-network.sh JDK SHARED-DATA [ROUNDS] [SECONDS]
#
# One MR image of 35 kB and one CT image of 528 kB, made from the shared data, are sent again and again to an unmodified
# storescp that throws them away: as Debian ships it, and with TCP_NODELAY=1 for it and for storescu. Then into Orthanc, where
# installed: many MR images, each once, because Orthanc does not store one again that it has; with its storage in memory, and on
# this disk, where it syncs each image. Each round measures ours and storescu one after the other; medians count. Beside each row
# stands the load.
set -eu

jdk=$1
data=$2
rounds=${3:-3}
seconds=${4:-4}
checkout=$(cd "$(dirname "$0")/.." && pwd -P)
work=$(mktemp -d)
memory=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d)
started=
trap 'kill $started 2>/dev/null; rm -rf "$work" "$memory"' EXIT
jar="$checkout/product/target/launch/$(cat "$checkout/product/target/launch/current")/serdab.jar"

mkdir -p "$work/classes" "$work/mr" "$work/ct"
"$jdk/bin/javac" -nowarn -proc:none -cp "$jar" -d "$work/classes" \
  "$checkout/benchmarks/src/main/java/serdab/benchmarks/NetworkBench.java"
/usr/bin/python3 - "$data" "$work" <<'PYTHON'
import pathlib, random, sys
import pydicom
data, work = sys.argv[1:]
for kind, name, side in (
    ("mr", "mr_ge_siemens_dcm_qa_nih/20180918GE/mr_0004/axial_epi_fmri_interleaved_i_to_s-00001.dcm", 128),
    ("ct", "obj_dcmqi/segmentations/ct-3slice/02.dcm", 512),
):
    image = pydicom.dcmread(f"{data}/dicom/{name}")
    image.remove_private_tags()
    image.Rows = image.Columns = side
    image.PixelData = random.Random(side).randbytes(side * side * 2)
    image.is_little_endian, image.is_implicit_VR = True, False
    image.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    image.save_as(f"{work}/{kind}/image.dcm")
    if kind == "mr":
        rng = random.Random(1)
        for number in range(5 * 1100):
            if number % 1100 == 0:
                folder = pathlib.Path(f"{work}/once-{number // 1100}")
                folder.mkdir()
            image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = f"2.25.{number + 10**30}"
            image.InstanceNumber = number
            image.PixelData = rng.randbytes(side * side * 2)
            image.save_as(folder / f"{number}.dcm")
PYTHON

median() {
  sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'
}

# Ours for some seconds; storescu for as many images as that takes it, about.
ours() {
  "$jdk/bin/java" -XX:+UseSerialGC -cp "$work/classes:$jar" serdab.benchmarks.NetworkBench send "$1" "$2" "$seconds" |
    awk '{ print $1 }'
}

storescu_rate() { # NODELAY AET PORT FOLDER COUNT
  began=$(date +%s%N)
  if [ "$1" = yes ]; then
    TCP_NODELAY=1 storescu -aec "$2" --max-send-pdu 131072 --repeat "$5" 127.0.0.1 "$3" "$4/image.dcm" >/dev/null 2>&1
  else
    storescu -aec "$2" --max-send-pdu 131072 --repeat "$5" 127.0.0.1 "$3" "$4/image.dcm" >/dev/null 2>&1
  fi
  echo "$began $(date +%s%N) $5" | awk '{ printf "%.1f\n", $3 / (($2 - $1) / 1e9) }'
}

row() { # LABEL NODELAY AET PORT FOLDER COUNT
  : >"$work/ours"
  : >"$work/theirs"
  round=0
  while [ "$round" -lt "$rounds" ]; do
    ours "dicom://$3@127.0.0.1:$4?calling=BENCH" "$5" >>"$work/ours"
    storescu_rate "$2" "$3" "$4" "$5" "$6" >>"$work/theirs"
    round=$((round + 1))
  done
  our=$(median <"$work/ours")
  their=$(median <"$work/theirs")
  echo "$1 | $our | $their | $(echo "$our $their" | awk '{ printf "%.1f", $1 / $2 }') | $(cut -d' ' -f1 /proc/loadavg)"
}

echo "bytes: MR $(stat -c %s "$work/mr/image.dcm"), CT $(stat -c %s "$work/ct/image.dcm"); $rounds rounds of $seconds s"
echo "to | ours, images/s | storescu, images/s | times | load"
port=29104
storescp --ignore $port >/dev/null 2>&1 &
started="$started $!"
TCP_NODELAY=1 storescp --ignore $((port + 1)) >/dev/null 2>&1 &
started="$started $!"
sleep 1
row "MR to storescp" no X $port "$work/mr" 40
row "CT to storescp" no X $port "$work/ct" 60
row "MR to storescp, TCP_NODELAY=1 on both" yes X $((port + 1)) "$work/mr" 12000
row "CT to storescp, TCP_NODELAY=1 on both" yes X $((port + 1)) "$work/ct" 4000

orthanc=$(command -v Orthanc || ls /usr/sbin/Orthanc 2>/dev/null || true)
if [ -n "$orthanc" ]; then
  # LABEL STORE PORT
  into_orthanc() {
    cat >"$work/orthanc-$3.json" <<JSON
{"StorageDirectory": "$2", "IndexDirectory": "$2", "HttpServerEnabled": false,
 "DicomServerEnabled": true, "DicomPort": $3, "DicomAet": "ORTHANC", "DicomCheckCalledAet": false,
 "DicomAlwaysAllowStore": true}
JSON
    "$orthanc" "$work/orthanc-$3.json" >/dev/null 2>&1 &
    started="$started $!"
    sleep 6
    began=$(date +%s%N)
    find "$work/once-0" -name '*.dcm' | head -n 60 | xargs storescu -aec ORTHANC --max-send-pdu 131072 127.0.0.1 "$3" >/dev/null
    theirs=$(echo "$began $(date +%s%N)" | awk '{ printf "%.1f", 60 / (($2 - $1) / 1e9) }')
    for several in 1 2 4; do
      our=$("$jdk/bin/java" -XX:+UseSerialGC -cp "$work/classes:$jar" serdab.benchmarks.NetworkBench once \
        "dicom://ORTHANC@127.0.0.1:$3?calling=BENCH" "$work/once-$several" "$several" | awk '{ print $1 }')
      echo "MR into Orthanc, $1, ours over $several | $our | $theirs | $(echo "$our $theirs" | awk '{ printf "%.1f", $1 / $2 }') | $(cut -d' ' -f1 /proc/loadavg)"
    done
  }
  into_orthanc "storage in memory" "$memory" $((port + 2))
  mkdir "$work/orthanc"
  into_orthanc "storage on disk" "$work/orthanc" $((port + 4))
fi

# The other way: the same storescu into ours and into storescp, both throwing away.
"$jdk/bin/java" -XX:+UseSerialGC -cp "$work/classes:$jar" serdab.benchmarks.NetworkBench receive $((port + 3)) >/dev/null 2>&1 &
started="$started $!"
sleep 2
storescu_rate no X $((port + 3)) "$work/mr" 3000 >/dev/null
echo "MR from storescu: into ours $(storescu_rate no X $((port + 3)) "$work/mr" 6000), into storescp $(storescu_rate no X $port "$work/mr" 60) images/s"
