package serdab.cli;

import java.io.PrintStream;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import serdab.SerdabException;

/// Where in the program a failure came from, for support. Messages of the system's own exceptions
/// are left out: they name files, and file names name patients.
final class Trace {

  private static final int CAUSES_MAX = 20;

  private Trace() {}

  static void print(Throwable failure, PrintStream to) {
    @Nullable Throwable each = failure;
    for (int i = 0; each != null && i < CAUSES_MAX; i++) {
      to.println((i == 0 ? "" : "caused by ") + named(each));
      for (StackTraceElement frame : each.getStackTrace()) {
        to.println("    at " + frame);
      }
      each = each.getCause();
    }
    to.flush();
  }

  private static String named(Throwable each) {
    String name = each.getClass().getName();
    return switch (each) {
      case SerdabException known -> name + " " + known.problem().code();
      case SQLException sql -> name + " " + sql.getErrorCode();
      default -> name;
    };
  }
}
