package serdab.cli;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import serdab.Problem;
import serdab.SerdabException;
import serdab.backup.StopSignal;
import serdab.catalogue.Catalogue;
import serdab.daemon.HeldStudies;
import serdab.destination.Destination;
import serdab.dicom.StudyKey;
import serdab.dicom.net.AeTitle;
import serdab.dicom.net.Holdings.MoveTarget;
import serdab.dicom.net.ServerEvent;
import serdab.dicom.net.ServerSettings;
import serdab.dicom.net.StorageServer;

/// `serdab serve`: a node that answers queries and retrievals out of copies.
@Command(
    name = "serve",
    mixinStandardHelpOptions = true,
    header = "Answers queries and retrievals of viewers and PACS straight from the copies.",
    description = {
      "",
      "A viewer finds (C-FIND) and fetches (C-GET, C-MOVE) studies out of ZIP trees and repositories",
      "as from any other node. Instances go as they were backed up, bit for bit, each compared with",
      "its digest first. Nothing is received and nothing is changed. Every retrieval stands in the",
      "catalogue before its first instance is sent. This is all the service does so far: schedules",
      "and the dashboard are not part of it yet. Runs until Ctrl-C or SIGTERM.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  For a viewer on the same computer, which fetches by C-GET:",
      "    serdab serve --from zip:/Volumes/Backup --allow HOROS@127.0.0.1",
      "  For one in the network, which wants to be sent what it asks for (C-MOVE):",
      "    serdab serve --from zip:/Volumes/Backup --listen 192.168.1.5 --port 11113 \\",
      "      --allow HOROS@192.168.1.20 --move-to HOROS=192.168.1.20:11112",
      "  From a repository, over TLS with certificates on both sides:",
      "    serdab serve --from repo:/Volumes/Sealed --identity owner.age --listen 192.168.1.5 \\",
      "      --tls-key our.key --tls-certificate our.crt --tls-trust theirs.crt",
      "  What was retrieved, the newest first:",
      "    serdab serve --retrievals 20"
    })
final class ServeCommand implements Callable<Integer> {

  private static final String NAME = "serve";

  /// Not that of `serdab receive`, nor of viewers.
  private static final int DEFAULT_PORT = 11113;

  private static final Duration LOOK_EVERY = Duration.ofMillis(100);

  private static final Duration LOOK_WHILE_AWAY = Duration.ofMinutes(1);
  private static final Duration LOOK_AGAIN = Duration.ofSeconds(5);

  private final Surroundings around;

  @Option(
      names = "--from",
      paramLabel = "DEST",
      description =
          "Where the copies are: zip:PATH or repo:PATH; may repeat. Of a study at several of them the"
              + " version that was read last is served.")
  private List<String> from = List.of();

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
          "Who may ask: an AE title, @ and an address or range (10.1.0.0/16); may repeat. Needed"
              + " unless TLS says who callers are.")
  private List<String> allowed = List.of();

  @Option(
      names = "--move-to",
      paramLabel = "AET=HOST:PORT",
      description =
          "A node that C-MOVE may send to, by its AE title: HOROS=192.168.1.20:11112, or"
              + " HOROS=tls://viewer.example:2762 with the keys of --tls-key; may repeat. Others are"
              + " never sent anything.")
  private List<String> targets = List.of();

  @Option(
      names = "--refresh",
      paramLabel = "DURATION",
      defaultValue = "5m",
      description = "How often to look for new copies. Default: ${DEFAULT-VALUE}.")
  private String refresh = "5m";

  @Option(
      names = "--with-rejected",
      description =
          "Also serves what a rejection note in a copy rejects; it is left out otherwise.")
  private boolean withRejected;

  @Option(
      names = "--commitment",
      description =
          "Also answers requests for storage commitment: says of instances whether they are held,"
              + " after reading each of them again. Who has an address by --move-to is told there,"
              + " others on the association on which they asked. Takes 4 bytes of memory for each"
              + " instance.")
  private boolean commitment;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli before anything is called
  private KeyOptions keys;

  @Option(
      names = "--for",
      paramLabel = "DURATION",
      description = "Stops after this time. Default: runs until it is stopped.")
  private @Nullable String longest;

  @Option(
      names = "--retrievals",
      paramLabel = "N",
      description = "Serves nothing: lists the last N retrievals, the newest first.")
  private @Nullable Integer retrievals;

  @Option(names = "--json", description = "At the end, prints what was done as JSON.")
  private boolean json;

  ServeCommand(Surroundings around) {
    this.around = around;
  }

  @Override
  public Integer call() {
    if (retrievals != null) {
      try (Wiring wiring = new Wiring(around);
          Catalogue catalogue = wiring.catalogue(around.home().make())) {
        return new RetrievalList(around.terminal(), json).print(catalogue, retrievals);
      }
    }
    if (from.isEmpty()) {
      throw ListenOptions.wrong(NAME, "--from is missing: nothing says where the copies are.");
    }
    Optional<SSLContext> tls = listening.tls();
    ServerSettings settings = settings(tls);
    Map<AeTitle, MoveTarget> nodes = listening.nodes(NAME, "--move-to", targets, tls);
    Duration often = Durations.parse("--refresh", refresh);
    Optional<Duration> patience =
        Optional.ofNullable(longest).map(given -> Durations.parse("--for", given));
    Home home = around.home().make();
    StopSignal stop = new StopSignal(around.clock());
    try (Wiring wiring = new Wiring(around, keys);
        Catalogue catalogue = wiring.catalogue(home);
        StopOnSignal _ = StopOnSignal.of(stop)) {
      Told told = new Told(catalogue);
      InetSocketAddress address;
      try (HeldStudies held =
          new HeldStudies(
              openers(wiring, catalogue),
              new HeldStudies.Settings(
                  listening.aeTitle(NAME), nodes, withRejected, commitment, Nodes.scratch(home)),
              catalogue.retrievals(),
              told::happened)) {
        held.refresh();
        settings.answersFrom(held);
        if (commitment) {
          settings.commitsTo(held);
        }
        try (StorageServer server = StorageServer.start(settings, told::happened)) {
          address = server.address();
          told.line(
              "serve.listening",
              address.getAddress().getHostAddress(),
              "" + address.getPort(),
              listening.title(),
              held.studies(),
              held.instances());
          serve(held, told, often, stop, patience);
        }
        return told.end(stop.isRequested(), held, address);
      }
    }
  }

  private void serve(
      HeldStudies held, Told told, Duration often, StopSignal stop, Optional<Duration> patience) {
    long begun = System.nanoTime();
    long looked = begun;
    while (!isStopped(stop)
        && patience.filter(time -> System.nanoTime() - begun >= time.toNanos()).isEmpty()) {
      LockSupport.parkNanos(LOOK_EVERY.toNanos());
      if (System.nanoTime() - looked >= pause(held, often).toNanos()) {
        try {
          held.refresh();
        } catch (SerdabException e) {
          // What was there is served on, as far as it can be read.
          told.warn(e.problem());
        }
        looked = System.nanoTime();
      }
    }
  }

  /// What went away is looked for sooner, and what could not be read at once.
  private static Duration pause(HeldStudies held, Duration often) {
    Duration soon =
        held.isLookWanted() ? LOOK_AGAIN : held.placesAway() > 0 ? LOOK_WHILE_AWAY : often;
    return soon.compareTo(often) < 0 ? soon : often;
  }

  /// A signal ends it, and so does an interrupt.
  private static boolean isStopped(StopSignal stop) {
    if (Thread.interrupted()) {
      stop.request();
    }
    return stop.isRequested();
  }

  private List<Supplier<Destination>> openers(Wiring wiring, Catalogue catalogue) {
    List<Supplier<Destination>> openers = new ArrayList<>();
    for (String place : from) {
      if (!Wiring.isDestination(place) || Nodes.isNode(place)) {
        throw ListenOptions.wrong(NAME, "--from needs zip:PATH or repo:PATH.");
      }
      wiring.requireReadable(place);
      openers.add(() -> wiring.destinationToRestoreFrom(place, catalogue));
    }
    return openers;
  }

  // ---- who may ask, and who is sent to

  private ServerSettings settings(Optional<SSLContext> tls) {
    ServerSettings settings = listening.settings(NAME, port, tls);
    if (allowed.isEmpty() && tls.isEmpty()) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "serve-open-to-all",
              "Nothing says who may ask for images.",
              "Name them by AE title and address: --allow HOROS@192.168.1.20; or give certificates:"
                  + " --tls-key, --tls-certificate and --tls-trust."));
    }
    for (String who : allowed) {
      int at = who.indexOf('@');
      if (tls.isEmpty() && (at <= 0 || at == who.length() - 1)) {
        throw ListenOptions.wrong(
            NAME,
            "--allow needs an AE title and an address, such as HOROS@192.168.1.20: a title alone"
                + " proves nothing.");
      }
      ListenOptions.allow(NAME, settings, who);
    }
    return settings;
  }

  // ---- what is told

  /// Counts and lines, by many threads; nothing in them is about a patient.
  private final class Told {

    private final Catalogue catalogue;
    private final Messages say = around.terminal().messages();
    private final AtomicLong associations = new AtomicLong();
    private final AtomicLong turnedAway = new AtomicLong();
    private final AtomicLong retrieved = new AtomicLong();
    private final AtomicLong sent = new AtomicLong();
    private final AtomicLong notSent = new AtomicLong();
    private final AtomicLong notServed = new AtomicLong();
    private final AtomicLong commitments = new AtomicLong();

    Told(Catalogue catalogue) {
      this.catalogue = catalogue;
    }

    synchronized void line(String key, Object... values) {
      if (!json) {
        around.terminal().out().println(say.text(key, values));
        around.terminal().out().flush();
      }
    }

    synchronized void warn(Problem problem) {
      around.terminal().err().println(say.warning(problem));
      around.terminal().err().flush();
    }

    void happened(ServerEvent event) {
      switch (event) {
        case ServerEvent.Opened _ -> associations.incrementAndGet();
        case ServerEvent.TurnedAway away -> {
          turnedAway.incrementAndGet();
          line("serve.turned-away", away.from().getHostAddress(), away.why());
        }
        case ServerEvent.Ended ended -> {
          if (!ended.released()) {
            line(
                "serve.broken",
                ended.association().calling(),
                ended.association().address().getHostAddress(),
                ended.why());
          }
        }
      }
    }

    void happened(HeldStudies.Event event) {
      switch (event) {
        case HeldStudies.Event.Looking looking -> line("serve.looking", looking.studies());
        case HeldStudies.Event.NotServed not -> {
          notServed.incrementAndGet();
          line("serve.not-served", not.study().map(this::label).orElse("-"), not.problem().code());
        }
        case HeldStudies.Event.Away gone -> {
          line("serve.away", from.get(gone.place()), gone.problem().code(), gone.studies());
          warn(gone.problem());
        }
        case HeldStudies.Event.Back back -> line("serve.back", from.get(back.place()));
        case HeldStudies.Event.Committed all -> {
          commitments.incrementAndGet();
          line("serve.committed", all.asked(), all.kept());
        }
        case HeldStudies.Event.NotReported not -> line("serve.not-reported", not.title());
        case HeldStudies.Event.Retrieved all -> {
          retrieved.incrementAndGet();
          sent.addAndGet(all.sent());
          notSent.addAndGet(all.wanted() - all.sent());
          line(
              "serve.retrieved",
              all.query().by().calling(),
              all.query().by().address().getHostAddress(),
              all.studies().size() == 1
                  ? label(all.studies().getFirst())
                  : say.text("serve.studies", all.studies().size()),
              all.sentTo().map(node -> node.node().called().toString()).orElse("-"),
              all.sent(),
              all.wanted(),
              all.status());
        }
      }
    }

    private String label(StudyKey study) {
      return catalogue.label(study).toString();
    }

    int end(boolean interrupted, HeldStudies held, InetSocketAddress address) {
      int code = interrupted ? Main.ExitCodes.INTERRUPTED : Main.ExitCodes.GOOD;
      line(
          "serve.totals",
          associations.get(),
          held.queries(),
          retrieved.get(),
          sent.get(),
          notSent.get(),
          turnedAway.get());
      if (json) {
        Json.object(
            around.terminal().out(),
            writer -> {
              writer.writeStringProperty("schema", "serdab-serve-v1");
              writer.writeNumberProperty("exit_code", code);
              writer.writeStringProperty("address", address.getAddress().getHostAddress());
              writer.writeNumberProperty("port", address.getPort());
              writer.writeStringProperty("title", listening.title());
              writer.writeNumberProperty("studies", held.studies());
              writer.writeNumberProperty("instances", held.instances());
              writer.writeNumberProperty("not_served", notServed.get());
              writer.writeNumberProperty("places_away", held.placesAway());
              writer.writeNumberProperty("associations", associations.get());
              writer.writeNumberProperty("turned_away", turnedAway.get());
              writer.writeNumberProperty("queries", held.queries());
              writer.writeNumberProperty("retrievals", retrieved.get());
              writer.writeNumberProperty("sent", sent.get());
              writer.writeNumberProperty("not_sent", notSent.get());
              writer.writeNumberProperty("commitments", commitments.get());
            });
      }
      return code;
    }
  }
}
