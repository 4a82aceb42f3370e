package serdab.cli;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import serdab.Problem;
import serdab.SerdabException;
import serdab.backup.StopSignal;
import serdab.dicom.net.AeTitle;
import serdab.dicom.net.Holdings.MoveTarget;
import serdab.dicom.net.ServerEvent;
import serdab.dicom.net.ServerSettings;
import serdab.dicom.net.StorageServer;
import serdab.source.inbox.Inbox;

/// `serdab receive`: an inbox that others send to.
@Command(
    name = "receive",
    mixinStandardHelpOptions = true,
    header = "Listens for DICOM (C-STORE) and keeps what comes in an inbox, for a backup to copy.",
    description = {
      "",
      "A sender hears that an instance was taken only after it is synced to disk with its digest.",
      "A study is offered to backups (--from inbox:PATH) when nothing came for it for a while.",
      "Nothing that was received is ever removed by itself. Runs until Ctrl-C or SIGTERM.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  On this computer only, to try it:",
      "    serdab receive --inbox /srv/inbox",
      "  For two modalities in the network:",
      "    serdab receive --inbox /srv/inbox --listen 10.1.2.3 --port 104 \\",
      "      --allow CT1@10.1.2.20 --allow MR1@10.1.2.21",
      "  And every hour:",
      "    serdab backup --from inbox:/srv/inbox --to zip:/Volumes/Backup"
    })
final class ReceiveCommand implements Callable<Integer> {

  private static final String NAME = "receive";
  private static final int DEFAULT_PORT = 11112;
  private static final Duration LOOK_EVERY = Duration.ofMillis(100);
  private static final String ANYBODY = "any";

  private final Surroundings around;

  @Option(
      names = "--inbox",
      required = true,
      paramLabel = "PATH",
      description = "The inbox: a folder of its own; made when it is not there.")
  @SuppressWarnings("NullAway.Init") // required
  private String inbox;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli before anything is called
  private ListenOptions listening;

  @Option(
      names = "--port",
      paramLabel = "PORT",
      defaultValue = "" + DEFAULT_PORT,
      description = "The port; 0 for a free one. Default: ${DEFAULT-VALUE}.")
  private int port = DEFAULT_PORT;

  @Option(
      names = "--allow",
      paramLabel = "AET@ADDRESS",
      description =
          "Who may send: an AE title, @ and an address or range (10.1.0.0/16), or either of them;"
              + " may repeat. \"any\" lets everybody. Needed when other computers can call.")
  private List<String> allowed = List.of();

  @Option(
      names = "--quiet",
      paramLabel = "DURATION",
      description =
          "How long nothing may have come for a study before it is offered to backups; kept with"
              + " the inbox. Default: 5m, or what was said before.")
  private @Nullable String quiet;

  @Option(
      names = "--commitment",
      description =
          "Also answers requests for storage commitment: says of instances whether they are in the"
              + " inbox as they came, after reading each of them again. Modalities may erase their"
              + " own copies then, and until the next backup the inbox is one copy on one disk."
              + " Takes up to 22 bytes of memory for each instance.")
  private boolean commitment;

  @Option(
      names = "--report-to",
      paramLabel = "AET=HOST:PORT",
      description =
          "With --commitment: where a node is told what came of its request, by its AE title, such"
              + " as CT1=10.1.2.20:104, or tls:// in front of the host with the keys of --tls-key;"
              + " may repeat. Others are told on the association on which they asked.")
  private List<String> reportTo = List.of();

  @Option(
      names = "--for",
      paramLabel = "DURATION",
      description = "Stops after this time. Default: runs until it is stopped.")
  private @Nullable String longest;

  @Option(names = "--json", description = "At the end, prints what was received as JSON.")
  private boolean json;

  ReceiveCommand(Surroundings around) {
    this.around = around;
  }

  @Override
  public Integer call() {
    Optional<SSLContext> tls = listening.tls();
    ServerSettings settings = settings(tls);
    if (!commitment && !reportTo.isEmpty()) {
      throw ListenOptions.wrong(
          NAME, "--report-to says where --commitment reports; give that, too.");
    }
    Map<AeTitle, MoveTarget> nodes = listening.nodes(NAME, "--report-to", reportTo, tls);
    Optional<Duration> patience = duration("--for", longest);
    Told told = new Told();
    StopSignal stop = new StopSignal(around.clock());
    Path folder = Wiring.inboxFolder(inbox);
    try (StopOnSignal _ = StopOnSignal.of(stop)) {
      InetSocketAddress address;
      try (Inbox open =
          Inbox.open(
              folder,
              duration("--quiet", quiet),
              Inbox.Settings.DEFAULT,
              around.clock(),
              told::happened)) {
        if (commitment) {
          settings.commitsTo(open.commitments(nodes));
        }
        try (StorageServer server = StorageServer.start(settings, open, told::happened)) {
          address = server.address();
          told.line(
              "receive.listening",
              address.getAddress().getHostAddress(),
              "" + address.getPort(),
              listening.title(),
              folder);
          await(stop, patience);
        }
      }
      return told.end(stop.isRequested(), folder, address);
    }
  }

  private static Optional<Duration> duration(String option, @Nullable String text) {
    return Optional.ofNullable(text).map(given -> Durations.parse(option, given));
  }

  private static void await(StopSignal stop, Optional<Duration> patience) {
    long begun = System.nanoTime();
    while (!stop.isRequested()
        && patience.filter(time -> System.nanoTime() - begun >= time.toNanos()).isEmpty()) {
      LockSupport.parkNanos(LOOK_EVERY.toNanos());
    }
  }

  // ---- who may send

  private ServerSettings settings(Optional<SSLContext> tls) {
    ServerSettings settings = listening.settings(NAME, port, tls);
    if (allowed.isEmpty() && tls.isEmpty() && !listening.isOnLoopback(NAME)) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "receive-open-to-all",
              "At "
                  + listening.listen()
                  + " other computers can call, and nothing says which of them may send.",
              "Say who may: --allow CT1@10.1.2.20, or --tls-trust with certificates, or --allow any in"
                  + " a network of machines you trust."));
    }
    if (!allowed.contains(ANYBODY)) {
      allowed.forEach(who -> ListenOptions.allow(NAME, settings, who));
    }
    return settings;
  }

  // ---- what is told

  /// Counts and lines, by many threads; nothing in them is about a patient.
  private final class Told {

    private final Messages say = around.terminal().messages();
    private final AtomicLong associations = new AtomicLong();
    private final AtomicLong turnedAway = new AtomicLong();
    private final AtomicLong instances = new AtomicLong();
    private final AtomicLong notTaken = new AtomicLong();
    private final AtomicLong settled = new AtomicLong();
    private final AtomicLong commitments = new AtomicLong();
    private final ConcurrentLinkedQueue<String> damaged = new ConcurrentLinkedQueue<>();

    synchronized void line(String key, Object... values) {
      if (!json) {
        around.terminal().out().println(say.text(key, values));
        around.terminal().out().flush();
      }
    }

    void happened(ServerEvent event) {
      switch (event) {
        case ServerEvent.Opened _ -> associations.incrementAndGet();
        case ServerEvent.TurnedAway away -> {
          turnedAway.incrementAndGet();
          line("receive.turned-away", away.from().getHostAddress(), away.why());
        }
        case ServerEvent.Ended ended -> {
          instances.addAndGet(ended.stored());
          notTaken.addAndGet(ended.notStored());
          line(
              ended.released() ? "receive.association" : "receive.broken",
              ended.association().calling(),
              ended.association().address().getHostAddress(),
              ended.stored(),
              ended.notStored(),
              ended.why());
        }
      }
    }

    void happened(Inbox.Event event) {
      switch (event) {
        case Inbox.Event.Settled places -> settled.addAndGet(places.instances());
        case Inbox.Event.Damaged file -> {
          damaged.add(file.file());
          line("receive.damaged", file.file());
        }
        case Inbox.Event.Committed all -> {
          commitments.incrementAndGet();
          line("receive.committed", all.asked(), all.kept());
        }
        case Inbox.Event.NotReported not -> line("serve.not-reported", not.title());
        case Inbox.Event.NotSettled not -> warn(not.problem());
        case Inbox.Event.NoRoom full -> warn(full.problem());
      }
    }

    private synchronized void warn(Problem problem) {
      around.terminal().err().println(say.warning(problem));
      around.terminal().err().flush();
    }

    int end(boolean interrupted, Path folder, InetSocketAddress address) {
      int code =
          interrupted
              ? Main.ExitCodes.INTERRUPTED
              : damaged.isEmpty() ? Main.ExitCodes.GOOD : Main.ExitCodes.INCOMPLETE;
      line("receive.totals", associations.get(), instances.get(), notTaken.get(), turnedAway.get());
      if (json) {
        Json.object(
            around.terminal().out(),
            writer -> {
              writer.writeStringProperty("schema", "serdab-receive-v1");
              writer.writeNumberProperty("exit_code", code);
              writer.writeStringProperty("inbox", folder.toString());
              writer.writeStringProperty("address", address.getAddress().getHostAddress());
              writer.writeNumberProperty("port", address.getPort());
              writer.writeStringProperty("title", listening.title());
              writer.writeNumberProperty("associations", associations.get());
              writer.writeNumberProperty("turned_away", turnedAway.get());
              writer.writeNumberProperty("instances", instances.get());
              writer.writeNumberProperty("not_taken", notTaken.get());
              writer.writeNumberProperty("settled", settled.get());
              writer.writeNumberProperty("commitments", commitments.get());
              writer.writeArrayPropertyStart("damaged");
              new ArrayList<>(damaged).forEach(writer::writeString);
              writer.writeEndArray();
            });
      }
      return code;
    }
  }
}
