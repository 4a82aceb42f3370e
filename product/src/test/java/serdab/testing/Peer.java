package serdab.testing;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// An independent program, or data, that a test needs beside a JDK. Each is found by what it
/// brings.
public enum Peer {
  CHROMIUM("chromium", "chromium"),
  AGE("age", "age", "age-keygen"),
  ZSTD("zstd", "zstd"),
  JQ("jq", "jq"),
  DCMTK("dcmtk", "dcmdump", "dcmconv", "dcmftest", "storescu", "storescp", "dcmsend", "echoscu"),
  PYDICOM("python3-pydicom"),
  UNZIP("unzip", "unzip"),
  ZIP("zip", "zip"),
  SEVEN_ZIP("p7zip-full", "7z"),
  OPENSSL("openssl", "openssl"),
  PYTHON("python3", "python3"),
  SHA256SUM("coreutils", "sha256sum"),
  PLISTUTIL("libplist-utils", "plistutil"),
  SYSTEMD("systemd", "systemd-analyze"),
  POSTGRESQL("postgresql"),
  ORTHANC("orthanc-dicomweb"),
  CTN("ctn", "simple_storage", "send_image", "dicom_echo"),
  PIXELMED("libpixelmed-java"),
  /// A library for Node.js from a package registry, where `.ci/run` puts it.
  DCMJS("dcmjs-dimse", "node"),
  /// The folder `shared/data` beside the checkout, or `SERDAB_SHARED`.
  SHARED_DATA("shared data");

  private final String packageName;

  @SuppressWarnings("ImmutableEnumChecker") // List.of is immutable; its type does not say so
  private final List<String> programs;

  Peer(String packageName, String... programs) {
    this.packageName = packageName;
    this.programs = List.of(programs);
  }

  /// The Debian package, or other thing, that brings it, as named in messages.
  public String packageName() {
    return packageName;
  }

  public boolean isPresent() {
    return switch (this) {
      case SHARED_DATA -> SharedData.isPresent();
      case PYDICOM -> Python.hasPydicom();
      case POSTGRESQL -> PostgresServer.isInstalled();
      case ORTHANC -> OrthancServer.isInstalled();
      case DCMJS -> Files.isDirectory(dcmjs().resolve("dcmjs-dimse")) && isOnPath("node");
      case PIXELMED -> Files.isRegularFile(Path.of("/usr/share/java/pixelmed.jar"));
      default -> programs.stream().allMatch(Peer::isOnPath);
    };
  }

  /// The folder in which Node.js finds dcmjs-dimse; call only where [#DCMJS] is required.
  public static Path dcmjs() {
    return SharedData.checkout().resolve("target/dcmjs/node_modules");
  }

  private static boolean isOnPath(String program) {
    String path = System.getenv("PATH");
    if (path == null) {
      return false;
    }
    for (String folder : path.split(File.pathSeparator, -1)) {
      if (!folder.isEmpty() && Files.isExecutable(Path.of(folder, program))) {
        return true;
      }
    }
    return false;
  }
}
