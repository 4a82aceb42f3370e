package serdab.cli;

/// Whether the process of a run is still there, by the name that [Wiring#worker] gave it.
final class Worker {

  private Worker() {}

  /// Whether it is; one on another machine is taken for ended.
  static boolean isAlive(String worker) {
    String here = Wiring.worker();
    int slash = worker.lastIndexOf('/');
    if (slash < 0 || !here.startsWith(worker.substring(0, slash + 1))) {
      return false;
    }
    try {
      return ProcessHandle.of(Long.parseLong(worker.substring(slash + 1)))
          .filter(ProcessHandle::isAlive)
          .isPresent();
    } catch (NumberFormatException e) {
      return false;
    }
  }
}
