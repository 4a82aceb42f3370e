#!/bin/sh
# Images per second into an Orthanc by STOW-RS and out of it by WADO-RS, beside curl, side by side in one run.
#
# usage: scripts/bench-dicomweb.sh JDK SHARED-DATA [ROUNDS] [IMAGES]
#
# Each program sends the same kind of MR images of 35 kB, every one new to the node, in requests of 100: ours, and curl with bodies
# that were written before. curl reads no line of what the node says; ours accounts for each. Then both get the study back. DCMTK's
# storescu sends as many into the same Orthanc by DICOM's own protocol. The node keeps what it gets in memory. Medians count. Ours has
# stored and got back as many before it is measured, and reads its files meanwhile. TCP_NODELAY=1 is set for Orthanc and storescu,
# which are ten times slower without.
set -eu

jdk=$1
data=$2
rounds=${3:-3}
images=${4:-600}
checkout=$(cd "$(dirname "$0")/.." && pwd -P)
orthanc=$(command -v Orthanc || ls /usr/sbin/Orthanc)
plugin=/usr/share/orthanc/plugins/libOrthancDicomWeb.so
work=$(mktemp -d)
store=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d)
node=
trap 'kill $node 2>/dev/null || true; rm -rf "$work" "$store"' EXIT
jar="$checkout/product/target/launch/$(cat "$checkout/product/target/launch/current")/serdab.jar"
port=29142
url=http://127.0.0.1:$port/dicom-web

mkdir -p "$work/classes"
"$jdk/bin/javac" -nowarn -proc:none -cp "$jar" -d "$work/classes" \
  "$checkout/benchmarks/src/main/java/serdab/benchmarks/WebBench.java"

# Images N of a study of its own: files, and bodies of 100 of them.
make_images() { # FOLDER STUDY COUNT
  /usr/bin/python3 - "$data" "$1" "$2" "$3" "$url" <<'PYTHON'
import io, os, random, sys
import pydicom
data, folder, study, count, url = sys.argv[1:]
image = pydicom.dcmread(f"{data}/dicom/mr_ge_siemens_dcm_qa_nih/20180918GE/mr_0004/axial_epi_fmri_interleaved_i_to_s-00001.dcm")
image.remove_private_tags()
image.Rows = image.Columns = 128
image.PixelData = random.Random(study).randbytes(128 * 128 * 2)
image.is_little_endian, image.is_implicit_VR = True, False
image.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
image.StudyInstanceUID, image.SeriesInstanceUID = study, study + ".1"
mark = study + ".1.7777777"
image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = mark
out = io.BytesIO()
image.save_as(out)
os.makedirs(folder + "/files")
body = b""
for n in range(int(count)):
    one = out.getvalue().replace(mark.encode(), f"{study}.1.{1000000 + n}".encode())
    open(f"{folder}/files/{n:05}.dcm", "wb").write(one)
    body += b"--together\r\nContent-Type: application/dicom\r\n\r\n" + one + b"\r\n"
    if n % 100 == 99:
        name = f"{folder}/body-{n // 100:03}"
        open(name, "wb").write(body + b"--together--\r\n")
        body = b""
        with open(f"{folder}/config", "a") as config:
            config.write("next\n" if n > 99 else "")
            config.write(
                f'url = "{url}/studies"\ndata-binary = "@{name}"\noutput = "/dev/null"\nsilent\nfail\n'
                'header = "Content-Type: multipart/related; type=\\"application/dicom\\"; boundary=together"\n'
                'header = "Accept: application/dicom+json"\nheader = "Expect:"\n'
            )
PYTHON
}

# Seconds for storing and for getting back; one connection for all requests to store.
curl_rates() { # FOLDER STUDY COUNT
  began=$(date +%s%N)
  curl -K "$1/config"
  stored=$(date +%s%N)
  curl -sS -f -o /dev/null -H 'Accept: multipart/related; type="application/dicom"; transfer-syntax=*' "$url/studies/$2"
  echo "$began $stored $(date +%s%N) $3" | awk '{ printf "%.1f %.1f\n", $4 / (($2 - $1) / 1e9), $4 / (($3 - $2) / 1e9) }'
}

storescu_rate() { # FOLDER COUNT
  began=$(date +%s%N)
  TCP_NODELAY=1 storescu -aec ORTHANC --max-send-pdu 131072 +sd 127.0.0.1 $((port + 1)) "$1/files" >/dev/null 2>&1
  echo "$began $(date +%s%N) $2" | awk '{ printf "%.1f\n", $3 / (($2 - $1) / 1e9) }'
}

column() { # FILE NUMBER: its median
  cut -d' ' -f"$2" "$1" | sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'
}

cat >"$work/orthanc.json" <<JSON
{"StorageDirectory": "$store", "IndexDirectory": "$store", "RemoteAccessAllowed": false, "AuthenticationEnabled": false,
 "HttpPort": $port, "Plugins": ["$plugin"], "DicomWeb": {"Enable": true, "Root": "/dicom-web/"},
 "DicomServerEnabled": true, "DicomPort": $((port + 1)), "DicomAet": "ORTHANC", "DicomCheckCalledAet": false,
 "DicomAlwaysAllowStore": true}
JSON
TCP_NODELAY=1 "$orthanc" "$work/orthanc.json" >/dev/null 2>&1 &
node=$!
tries=0
until curl -s -o /dev/null "$url/studies?limit=1"; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || exit 1
  sleep 0.3
done

: >"$work/ours"
: >"$work/curl"
: >"$work/storescu"
round=0
while [ "$round" -lt "$rounds" ]; do
  for who in warm ours curl storescu; do
    make_images "$work/$who-$round" "1.2.826.0.1.$$.$round.$(printf %s "$who" | cksum | cut -d' ' -f1)" "$images"
  done
  of() { echo "1.2.826.0.1.$$.$round.$(printf %s "$1" | cksum | cut -d' ' -f1)"; }
  "$jdk/bin/java" -XX:+UseSerialGC -cp "$work/classes:$jar" serdab.benchmarks.WebBench \
    "$url" "$work/warm-$round/files" "$(of warm)" "$work/ours-$round/files" "$(of ours)" >>"$work/ours"
  curl_rates "$work/curl-$round" "$(of curl)" "$images" >>"$work/curl"
  storescu_rate "$work/storescu-$round" "$images" >>"$work/storescu"
  rm -rf "$work"/*-"$round"
  round=$((round + 1))
done
held=$(curl -s "http://127.0.0.1:$port/statistics" | tr -d ' ' | sed -n 's/.*"CountInstances":\([0-9]*\).*/\1/p')
[ "$held" = $((rounds * 4 * images)) ] || {
  echo "the node holds $held instances, which is not what was sent" >&2
  exit 1
}

ratio() { echo "$1 $2" | awk '{ printf "%.2f", $1 / $2 }'; }
o=$(column "$work/ours" 1) c=$(column "$work/curl" 1) s=$(column "$work/storescu" 1)
load=$(cut -d' ' -f1 /proc/loadavg)
echo "$rounds rounds of $images new MR images of 35 kB each, into and out of Orthanc"
echo "STOW-RS | ours $o images/s | curl $c | times $(ratio "$o" "$c") | load $load"
echo "beside DIMSE, one association, TCP_NODELAY=1 | ours $o images/s | storescu $s | times $(ratio "$o" "$s") | load $load"
o=$(column "$work/ours" 2) c=$(column "$work/curl" 2)
echo "WADO-RS | ours $o images/s | curl $c | times $(ratio "$o" "$c") | load $load"
