package serdab.daemon;

import java.util.Optional;

/// All studies of one patient together, as answers at the level of patients show them. One thread
/// at a time.
final class HeldPatient implements Attributes {

  private HeldStudy newest;
  private int studies;
  private long series;
  private long instances;

  HeldPatient(HeldStudy first) {
    this.newest = first;
  }

  void add(HeldStudy study) {
    studies++;
    series += study.series();
    instances += study.instances();
    if (study.readAt().isAfter(newest.readAt())) {
      newest = study;
    }
  }

  @Override
  public Optional<String> value(int tag) {
    return switch (tag) {
      case Tags.PATIENT_STUDIES -> Optional.of("" + studies);
      case Tags.PATIENT_SERIES -> Optional.of("" + series);
      case Tags.PATIENT_INSTANCES -> Optional.of("" + instances);
      default -> Tags.PATIENT.contains(tag) ? newest.value(tag) : Optional.empty();
    };
  }
}
