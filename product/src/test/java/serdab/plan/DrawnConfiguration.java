package serdab.plan;

import java.time.DayOfWeek;
import java.time.Duration;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.Period;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/// Configurations that are right, with names and paths that are hard to write.
final class DrawnConfiguration {

  private static final List<String> ODD =
      List.of("Horos Data", "a\"b", "back\\slash", "Ärzte 東京", "tab\there", "#no", "x]y", "'q'");

  private final RandomGenerator random;

  private DrawnConfiguration(RandomGenerator random) {
    this.random = random;
  }

  static Configuration from(RandomGenerator random) {
    return new DrawnConfiguration(random).configuration();
  }

  private Configuration configuration() {
    Map<String, RetentionRules> retention = new LinkedHashMap<>();
    some(3, this::destination).forEach(destination -> retention.put(destination, rules()));
    NameSettings names =
        random.nextBoolean()
            ? NameSettings.NONE
            : new NameSettings(
                maybe(() -> SecretReference.parse("file:/k/" + odd()).orElseThrow()),
                maybe(() -> "/m/" + odd()),
                random.nextBoolean());
    return new Configuration(
        zone(),
        some(4, i -> plan("Plan " + i + (random.nextBoolean() ? ".x" : "_Ä"))),
        retention,
        some(3, i -> new DiskSet(odd() + i, List.of(destination(i)), 1 + random.nextInt(99))),
        random.nextBoolean()
            ? LogSettings.DEFAULT
            : new LogSettings(65_536L + random.nextInt(1 << 30), 3, random.nextBoolean(), 7),
        names);
  }

  private NamedPlan plan(String name) {
    BackupPlan first =
        BackupPlan.from("/from/0/" + odd(), zone())
            .name(name)
            .destinations(atLeastOne(this::destination))
            .selection(
                new Selection(
                    modalities(),
                    maybe(() -> LocalDate.of(2000 + random.nextInt(20), 2, 28)),
                    maybe(() -> LocalDate.of(2030, 1, 1)),
                    Set.copyOf(some(2, i -> "1.2." + i)),
                    Optional.empty()))
            .order(List.of(Order.values()).get(random.nextInt(Order.values().length)))
            .strategy(List.of(Strategy.values()).get(random.nextInt(Strategy.values().length)))
            .batch(random.nextInt(100))
            .pause(duration(86_400_000))
            .workers(1 + random.nextInt(16))
            .quietTime(duration(86_400_000L * 300))
            .naming(random.nextBoolean() ? "uid" : "{patient-name}\"{uid}")
            .dicomOnly(random.nextBoolean())
            .sentinels(some(2, i -> ".sentinel " + i))
            .closed(some(2, _ -> hours()))
            .importGuardFiles(random.nextInt(100_000))
            .adaptive(random.nextBoolean())
            .rules(some(3, _ -> rule()))
            .plan();
    List<BackupPlan> plans = new ArrayList<>(List.of(first));
    plans.addAll(some(3, i -> first.changed("horos:/from/" + (i + 1) + "/" + odd()).plan()));
    return new NamedPlan(
        name,
        random.nextBoolean(),
        plans,
        maybe(() -> duration(86_400_000L * 100).plusSeconds(60)));
  }

  private RetentionRules rules() {
    return new RetentionRules(
        random.nextBoolean() ? OptionalInt.empty() : OptionalInt.of(1 + random.nextInt(9)),
        maybe(this::period),
        maybe(this::period),
        random.nextBoolean() ? OptionalInt.empty() : OptionalInt.of(1 + random.nextInt(99)),
        some(
            3,
            _ ->
                new RetentionRules.LegalTime(
                    modalities(),
                    period(),
                    random.nextBoolean() ? OptionalInt.empty() : OptionalInt.of(28))));
  }

  private PriorityRule rule() {
    return new PriorityRule(
        modalities(),
        OptionalInt.of(1 + random.nextInt(100)),
        random.nextBoolean() ? Set.of() : Set.of("unread", "validated"));
  }

  private ClosedHours hours() {
    Set<DayOfWeek> days = new TreeSet<>(some(3, i -> DayOfWeek.of(1 + 2 * i)));
    days.add(DayOfWeek.SUNDAY);
    // Never the whole day: a plan that could not run would be refused.
    return new ClosedHours(
        days, LocalTime.of(random.nextInt(12), 30), LocalTime.of(12 + random.nextInt(12), 0));
  }

  private Set<String> modalities() {
    return random.nextBoolean() ? Set.of() : Set.of("CT", "RTSTRUCT");
  }

  private Period period() {
    return Period.of(random.nextInt(30), random.nextInt(20), 1 + random.nextInt(40));
  }

  private Duration duration(long millisMax) {
    long millis = random.nextLong(millisMax);
    return switch (random.nextInt(4)) {
      case 0 -> Duration.ofMillis(millis);
      case 1 -> Duration.ofSeconds(millis / 1000);
      case 2 -> Duration.ofHours(millis / 3_600_000);
      default -> Duration.ofMinutes(millis / 60_000).plusNanos(1);
    };
  }

  private ZoneId zone() {
    return ZoneId.of(List.of("UTC", "Europe/Berlin", "America/Sao_Paulo").get(random.nextInt(3)));
  }

  private String destination(int i) {
    return "zip:/to/" + i + "/" + odd();
  }

  private String odd() {
    return ODD.get(random.nextInt(ODD.size()));
  }

  private <T> Optional<T> maybe(Supplier<T> value) {
    return random.nextBoolean() ? Optional.of(value.get()) : Optional.empty();
  }

  private <T> List<T> some(int most, IntFunction<T> each) {
    List<T> list = new ArrayList<>();
    for (int i = random.nextInt(most + 1); i > 0; i--) {
      list.add(each.apply(list.size()));
    }
    return list;
  }

  private <T> List<T> atLeastOne(IntFunction<T> each) {
    List<T> list = new ArrayList<>(some(2, each));
    if (list.isEmpty()) {
      list.add(each.apply(0));
    }
    return list;
  }
}
