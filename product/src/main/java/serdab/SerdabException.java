package serdab;

import org.jspecify.annotations.Nullable;

/// A failure, typed by how code should react to it. What a person should know stands in [#problem].
///
/// One bad study is not an exception: it is an outcome in the run's report.
public abstract sealed class SerdabException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final transient Problem problem;

  private SerdabException(Problem problem, @Nullable Throwable cause) {
    super(problem.code() + ": " + problem.text(), cause);
    this.problem = problem;
  }

  /// What happened and what to do next.
  public Problem problem() {
    return problem;
  }

  /// Something outside cannot be reached now; trying later may succeed.
  public static final class Unavailable extends SerdabException {
    private static final long serialVersionUID = 1L;

    public Unavailable(Problem problem) {
      super(problem, null);
    }

    public Unavailable(Problem problem, Throwable cause) {
      super(problem, cause);
    }
  }

  /// Something must not be done as things stand; trying again will not help.
  public static final class Refused extends SerdabException {
    private static final long serialVersionUID = 1L;

    public Refused(Problem problem) {
      super(problem, null);
    }

    public Refused(Problem problem, Throwable cause) {
      super(problem, cause);
    }
  }

  /// Stored bytes are not what they should be; they must not be trusted.
  public static final class Damaged extends SerdabException {
    private static final long serialVersionUID = 1L;

    public Damaged(Problem problem) {
      super(problem, null);
    }

    public Damaged(Problem problem, Throwable cause) {
      super(problem, cause);
    }
  }

  /// The user asked for something that cannot be: wrong usage or configuration.
  public static final class Misconfigured extends SerdabException {
    private static final long serialVersionUID = 1L;

    public Misconfigured(Problem problem) {
      super(problem, null);
    }

    public Misconfigured(Problem problem, Throwable cause) {
      super(problem, cause);
    }
  }

  /// A safeguard holds the run back: a sentinel or marker is missing, another run is going on.
  public static final class HeldBack extends SerdabException {
    private static final long serialVersionUID = 1L;

    public HeldBack(Problem problem) {
      super(problem, null);
    }

    public HeldBack(Problem problem, Throwable cause) {
      super(problem, cause);
    }
  }
}
