package serdab.source.horos;

import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.Year;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.time.format.ResolverStyle;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Dates as the viewer's index holds them: seconds since 2001-01-01T00:00:00Z.
///
/// The viewer reads dates of files in the time zone of its Mac, so a date here is only right in
/// that zone: converted in UTC, a study taken near midnight or a date of birth east of Greenwich
/// falls on the neighbouring day.
final class CoreDataTime {

  /// Seconds from 1970-01-01 to 2001-01-01.
  private static final long EPOCH_SECONDS = 978_307_200L;

  // Outside these years a number is no date that a viewer wrote: a corrupted row, or another unit.
  private static final double EARLIEST =
      Year.of(1800).atDay(1).atStartOfDay(ZoneOffset.UTC).toEpochSecond() - EPOCH_SECONDS;
  private static final double LATEST =
      Year.of(2200).atDay(1).atStartOfDay(ZoneOffset.UTC).toEpochSecond() - EPOCH_SECONDS;

  /// What the viewer stores when a file has no date at all.
  private static final LocalDate NO_DATE = LocalDate.of(1901, 1, 1);

  private static final Pattern DATE_AT_END = Pattern.compile("-(\\d{8})$");
  private static final DateTimeFormatter DAY =
      DateTimeFormatter.ofPattern("uuuuMMdd").withResolverStyle(ResolverStyle.STRICT);
  private static final int OLDEST_BIRTH_YEAR = 1850;

  // Taken as seconds, these numbers are 2001-08-08T21:48:21Z to 2001-08-31T22:53:51Z.
  private static final long FIRST_AS_TEXT = 19_000_101;
  private static final long LAST_AS_TEXT = 20_991_231;

  private CoreDataTime() {}

  /// The moment; empty when the number is no plausible date.
  static Optional<Instant> instant(double seconds) {
    if (!(seconds >= EARLIEST && seconds < LATEST)) {
      return Optional.empty();
    }
    long whole = (long) Math.floor(seconds);
    long nanos = Math.round((seconds - whole) * 1e9);
    return Optional.of(Instant.ofEpochSecond(whole + EPOCH_SECONDS, nanos));
  }

  /// The date that a number spells, when its digits are a day `YYYYMMDD` from 1900 to 2099.
  ///
  /// The viewer writes seconds, but importers and scripts have put such texts into its columns, and
  /// SQLite turns them into whole numbers there (numeric affinity). Read as seconds every one of
  /// them would be a moment between 2001-08-08T21:48:21Z and 2001-08-31T22:53:51Z. One in 27 whole
  /// seconds of those 23 days spells a day, so a study really taken then may be dated wrongly; that
  /// is why whoever follows this says so in a finding. A date of birth cannot be: it is stored as a
  /// midnight, a multiple of 900 seconds, whose digits end in `00`.
  static Optional<LocalDate> spelledOut(double seconds) {
    if (!(seconds >= FIRST_AS_TEXT && seconds <= LAST_AS_TEXT) || seconds != Math.rint(seconds)) {
      return Optional.empty();
    }
    return basicDate(Long.toString((long) seconds));
  }

  /// A day as the index would hold it: its noon.
  ///
  /// @param zone the time zone of the viewer's Mac
  static double seconds(LocalDate day, ZoneId zone) {
    return seconds(day.atTime(LocalTime.NOON).atZone(zone).toInstant());
  }

  /// A moment as the index would hold it.
  static double seconds(Instant at) {
    return at.getEpochSecond() - EPOCH_SECONDS + at.getNano() / 1e9;
  }

  /// The day a study was taken; empty for the day that stands for "no date".
  ///
  /// @param zone the time zone of the viewer's Mac
  static Optional<LocalDate> studyDate(double seconds, ZoneId zone) {
    return instant(seconds).map(at -> at.atZone(zone).toLocalDate()).filter(day -> !isNoDate(day));
  }

  // The zone set here may not be the one the viewer wrote the placeholder in.
  private static boolean isNoDate(LocalDate day) {
    return !day.isBefore(NO_DATE.minusDays(1)) && !day.isAfter(NO_DATE.plusDays(1));
  }

  /// The date of birth, from the end of the viewer's patient key where it is one, else from the
  /// moment that stands for local midnight.
  ///
  /// The key is `NAME-ID-YYYYMMDD`. An id that looks like a date can stand at its end when the
  /// viewer is set to leave the date out; so a date there must lie within a day of the other
  /// column.
  static Optional<LocalDate> birthDate(String patientKey, Optional<Double> seconds, ZoneId zone) {
    Optional<LocalDate> converted =
        seconds
            .flatMap(CoreDataTime::spelledOut)
            .or(() ->
                seconds.flatMap(CoreDataTime::instant).map(at -> at.atZone(zone).toLocalDate()));
    Optional<LocalDate> named = dateAtEnd(patientKey);
    if (named.isPresent() && converted.isPresent()) {
      long apart = Math.abs(named.get().toEpochDay() - converted.get().toEpochDay());
      return apart <= 1 ? named : converted;
    }
    return named.isPresent() ? named : converted;
  }

  private static Optional<LocalDate> dateAtEnd(String patientKey) {
    Matcher end = DATE_AT_END.matcher(patientKey);
    if (!end.find()) {
      return Optional.empty();
    }
    return basicDate(end.group(1)).filter(day -> day.getYear() >= OLDEST_BIRTH_YEAR);
  }

  /// A date written `YYYYMMDD`; empty when it is none.
  static Optional<LocalDate> basicDate(String text) {
    try {
      return Optional.of(LocalDate.parse(text, DAY));
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }
}
