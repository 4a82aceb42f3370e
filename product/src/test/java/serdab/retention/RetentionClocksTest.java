package serdab.retention;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Map;
import java.util.random.RandomGenerator;
import serdab.Sha256;
import serdab.VersionId;
import serdab.plan.RetentionRules;
import serdab.testing.SeededTest;
import serdab.testing.world.World;

/// What stays where clocks disagree about what is newest, and while an alarm stands.
class RetentionClocksTest {

  @SeededTest(runs = 30)
  void whatTheSourceShowsStaysWhateverClocksAndFollowersSay(RandomGenerator random) {
    try (RetentionClinic clinic = RetentionClinic.drawnFrom(random, 1)) {
      World world = clinic.world;
      String study = world.addStudy(1);
      world.backUp();
      Map<String, byte[]> first = world.source().files(study);
      for (int i = 0; i < 1 + random.nextInt(3); i++) {
        jump(world, random);
        world.putImage(study, 1, world.pixels(), "", world.clock().instant());
        jump(world, random);
        world.backUp();
      }
      if (random.nextBoolean()) {
        first.forEach(
            (path, bytes) -> world.source().put(study, path, bytes, world.clock().instant()));
        jump(world, random);
        world.backUp();
      }
      VersionId present = present(world, study);
      assertThat(clinic.held(0, study)).as("this tests something").contains(present);

      clinic.prune(0, RetentionClinic.versions(1));

      assertThat(clinic.held(0, study)).contains(present);
    }
  }

  @SeededTest(runs = 30)
  void theAlarmFreezesExactlyWhenSharplyFewerStudiesAreThere(RandomGenerator random) {
    try (RetentionClinic clinic = RetentionClinic.drawnFrom(random, 1)) {
      World world = clinic.world;
      RetentionRules rules = RetentionClinic.versions(1);
      String changed = clinic.studyWithVersions(2);
      int others = 1 + random.nextInt(25);
      for (int i = 0; i < others; i++) {
        world.addStudy(1);
      }
      world.backUp();
      int before = others + 1;
      int gone = random.nextInt(Math.min(others, 5) + 1);
      world.source().studyUids().stream()
          .filter(study -> !study.equals(changed))
          .limit(gone)
          .forEach(world.source()::remove);
      world.clock().pass(Duration.ofDays(1));
      world.backUp();

      RetentionPlan plan = clinic.plan(0, rules);

      boolean alarm = 10 * (before - gone) < 9 * before;
      assertThat(plan.frozen().isPresent()).as("%s of %s gone", gone, before).isEqualTo(alarm);
      assertThat(plan.with(Verdict.GO)).hasSize(alarm ? 0 : 1);
    }
  }

  /// Anywhere from four years back to four ahead, and always to another instant.
  private static void jump(World world, RandomGenerator random) {
    world
        .clock()
        .pass(Duration.ofDays(random.nextInt(2900) - 1450L).plusMinutes(1 + random.nextInt(600)));
  }

  private static VersionId present(World world, String study) {
    return VersionId.of(
        world.source().files(study).values().stream()
            .map(file -> new VersionId.Part(Sha256.digest(file), file.length))
            .toList());
  }
}
