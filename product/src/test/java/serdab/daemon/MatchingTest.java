package serdab.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import serdab.dicom.Vr;

/// The matching rules of PS3.4 section C.2.2.2.
class MatchingTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          LO | ABC          | ABC                 | true
          LO | ABC          | abc                 | false
          LO | ABC          | ABCD                | false
          LO | A*           | ABCD                | true
          LO | *C*          | ABCD                | true
          LO | A?C          | ABC                 | true
          LO | A?C          | AC                  | false
          LO | *A*B*C       | xAyBzBC             | true
          LO | *A*B*C       | xAyBzBCd            | false
          CS | MR           | CT\\MR              | true
          CS | MR           | CT\\PT              | false
          UI | 1.2.3        | 1.2.3               | true
          UI | 1.2.*        | 1.2.3               | false
          IS | 1            | 001                 | true
          DS | 1.50         | 1.5                 | true
          US | 512          | 512                 | true
          PN | doe^john     | Doe^John            | true
          PN | Doe          | Doe^John            | false
          PN | Doe*         | Doe^John            | true
          PN | Doe^John     | Doe^John^^          | true
          PN | Doe^John     | Doe^John^^Dr        | false
          PN | *JOHN*       | Doe^John^^Dr        | true
          PN | 山田*         | Yamada^Tarou=山田^太郎=やまだ^たろう | true
          PN | やまだ^たろう  | Yamada^Tarou=山田^太郎=やまだ^たろう | true
          PN | Yamada^Tarou=山田^太郎 | Yamada^Tarou=山田^太郎=やまだ^たろう | true
          PN | Yamada^Tarou=田中^太郎 | Yamada^Tarou=山田^太郎=やまだ^たろう | false
          PN | =山?^*        | Yamada^Tarou=山田^太郎 | true
          PN | ﾔﾏﾀﾞ^*       | ヤマダ^タロウ=山田^太郎 | true
          DA | 20240131     | 20240131            | true
          DA | 20240131     | 2024.01.31          | true
          DA | 20240101-20240131 | 20240131       | true
          DA | 20240101-20240131 | 20240101       | true
          DA | 20240101-20240131 | 20240201       | false
          DA | 20240101-    | 20240201            | true
          DA | 20240101-    | 20231231            | false
          DA | -20240101    | 20231231            | true
          DA | -20240101    | 20240102            | false
          DA | 20240101-    | 2024                | false
          TM | 1200-1259    | 125959.999          | true
          TM | 1200-1259    | 130000              | false
          TM | 1200-1259    | 12:30:00            | true
          TM | 120000       | 12                  | true
          TM | -09          | 095959              | true
          DT | 20240101-20240131 | 20240131235959 | true
          DT | 202401010000-0500-202401020000-0500 | 20240101120000-0500 | true
          """)
  void aKeyMatchesByTheRulesOfItsKindOfValue(Vr vr, String wanted, String held, boolean expected) {
    assertThat(Matching.matches(vr, List.of(wanted.split("\\\\")), held)).isEqualTo(expected);
  }

  @Test
  void anEmptyKeyOrAStarMatchesEverythingAndNothing() {
    assertThat(Matching.matches(Vr.LO, List.of(), "")).isTrue();
    assertThat(Matching.matches(Vr.LO, List.of("*"), "")).isTrue();
    assertThat(Matching.matches(Vr.LO, List.of(""), "ABC")).isTrue();
    assertThat(Matching.matches(Vr.LO, List.of("ABC"), "")).isFalse();
    assertThat(Matching.matches(Vr.LO, List.of("?*"), "")).isFalse();
  }

  @Test
  void oneOfAListOfUidsIsEnough() {
    assertThat(Matching.matches(Vr.UI, List.of("1.2", "1.3"), "1.3")).isTrue();
    assertThat(Matching.matches(Vr.UI, List.of("1.2", "1.3"), "1.4")).isFalse();
  }

  /// A pattern of a stranger must not take for ever.
  @Test
  void manyStarsTakeNoLongerThanFew() {
    String pattern = "*a".repeat(500) + "*b";

    assertThat(Matching.matches(Vr.LO, List.of(pattern), "a".repeat(2000))).isFalse();
  }
}
