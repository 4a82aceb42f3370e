package serdab.dicom.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import serdab.dicom.net.UpperLayer.Circumstances;
import serdab.dicom.net.UpperLayer.Event;
import serdab.dicom.net.UpperLayer.State;
import serdab.dicom.net.UpperLayer.Step;

@SuppressWarnings("EnumOrdinal") // the table is read by place
class UpperLayerTest {

  /// PS3.8 table 9-10, row by row in its order; the columns are Sta1 to Sta13.
  private static final String TABLE =
      """
      AE-1/4  -       -       -      -       -       -       -       -       -       -       -       -
      -       -       -       AE-2/5 -       -       -       -       -       -       -       -       -
      -       AA-1/13 AA-8/13 -      AE-3/6  AA-8/13 AA-8/13 AA-8/13 AA-8/13 AA-8/13 AA-8/13 AA-8/13 AA-6/13
      -       AA-1/13 AA-8/13 -      AE-4/1  AA-8/13 AA-8/13 AA-8/13 AA-8/13 AA-8/13 AA-8/13 AA-8/13 AA-6/13
      AE-5/2  -       -       -      -       -       -       -       -       -       -       -       -
      -       AE-6/?  AA-8/13 -      AA-8/13 AA-8/13 AA-8/13 AA-8/13 AA-8/13 AA-8/13 AA-8/13 AA-8/13 AA-7/13
      -       -       AE-7/6  -      -       -       -       -       -       -       -       -       -
      -       -       AE-8/13 -      -       -       -       -       -       -       -       -       -
      -       -       -       -      -       DT-1/6  -       AR-7/8  -       -       -       -       -
      -       AA-1/13 AA-8/13 -      AA-8/13 DT-2/6  AR-6/7  AA-8/13 AA-8/13 AA-8/13 AA-8/13 AA-8/13 AA-6/13
      -       -       -       -      -       AR-1/7  -       -       -       -       -       -       -
      -       AA-1/13 AA-8/13 -      AA-8/13 AR-2/8  AR-8/?  AA-8/13 AA-8/13 AA-8/13 AA-8/13 AA-8/13 AA-6/13
      -       AA-1/13 AA-8/13 -      AA-8/13 AA-8/13 AR-3/1  AA-8/13 AA-8/13 AR-10/12 AR-3/1 AA-8/13 AA-6/13
      -       -       -       -      -       -       -       AR-4/13 AR-9/11 -       -       AR-4/13 -
      -       -       AA-1/13 AA-2/1 AA-1/13 AA-1/13 AA-1/13 AA-1/13 AA-1/13 AA-1/13 AA-1/13 AA-1/13 -
      -       AA-2/1  AA-3/1  -      AA-3/1  AA-3/1  AA-3/1  AA-3/1  AA-3/1  AA-3/1  AA-3/1  AA-3/1  AA-2/1
      -       AA-5/1  AA-4/1  AA-4/1 AA-4/1  AA-4/1  AA-4/1  AA-4/1  AA-4/1  AA-4/1  AA-4/1  AA-4/1  AR-5/1
      -       AA-2/1  -       -      -       -       -       -       -       -       -       -       AA-2/1
      -       AA-1/13 AA-8/13 -      AA-8/13 AA-8/13 AA-8/13 AA-8/13 AA-8/13 AA-8/13 AA-8/13 AA-8/13 AA-7/13
      """;

  private static final int PAIRS = 19 * 13;

  @Test
  void everyEventInEveryStateDoesWhatTheTableSays() {
    List<String> wrong = new ArrayList<>();
    int pairs = 0;

    List<String> rows = TABLE.lines().toList();
    for (Event event : Event.values()) {
      String[] cells = rows.get(event.ordinal()).trim().split(" +", -1);
      for (State state : State.values()) {
        pairs++;
        for (Circumstances circumstances : all()) {
          String expected = expected(cells[state.ordinal()], circumstances);
          String found = text(UpperLayer.step(state, event, circumstances));
          if (!found.equals(expected)) {
            wrong.add(event + " in " + state + ": " + found + ", not " + expected);
          }
        }
      }
    }

    assertThat(wrong).isEmpty();
    assertThat(pairs).isEqualTo(PAIRS);
  }

  /// The two cells whose end the standard's actions decide: AE-6 and AR-8 (tables 9-6 and 9-8).
  private static String expected(String cell, Circumstances circumstances) {
    return switch (cell) {
      case "AE-6/?" -> circumstances.acceptable() ? "AE-6/3" : "AE-6/13";
      case "AR-8/?" -> circumstances.requestor() ? "AR-8/9" : "AR-8/10";
      default -> cell;
    };
  }

  private static String text(Optional<Step> step) {
    return step.map(s ->
            s.action().name().replace('_', '-') + "/" + s.next().name().substring("STA".length()))
        .orElse("-");
  }

  private static List<Circumstances> all() {
    return List.of(
        new Circumstances(false, false),
        new Circumstances(false, true),
        new Circumstances(true, false),
        new Circumstances(true, true));
  }
}
