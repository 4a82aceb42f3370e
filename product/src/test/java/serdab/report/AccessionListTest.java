package serdab.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import serdab.PatientData.Purpose;
import serdab.SerdabException;
import serdab.testing.SeededTest;

/// The accession numbers are found in whatever way a RIS writes its list.
class AccessionListTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Accession Number\nA1\nA2\n",
        "A1\nA2",
        "A1\r\nA2\r\n",
        "\uFEFFaccession_number;name\r\nA1;Doe\r\nA2;Roe\r\n",
        "sep=;\r\nname;Acc. No\r\nDoe;A1\r\nRoe;A2\r\n",
        "name,AccessionNumber\n\"Doe, Jane\",A1\n\"He said \"\"no\"\"\",\" A2 \"\n",
        "comment\tACCESSION\nfirst\tA1\nsecond\tA2\n",
        "comment,accession\n\"two\nlines, and;more\",A1\n\n\n,A2\n",
        "Nome;Número de acesso\nDoe;A1\nRoe;A2\n",
        "(0008,0050);x\n\"=\"\"A1\"\"\";1\n=\"A2\";2\n",
        "a;b;Accession\n1;2;A1\n1;2\n1;2;A2;9;9\n",
      })
  void theColumnIsFound(String list) throws IOException {
    assertThat(numbers(list, "")).containsExactly("A1", "A2");
  }

  @Test
  void aColumnIsNamedOrCounted() throws IOException {
    String list = "Auftrag;Datum\nA1;2024\nA2;2025\n";

    assertThat(numbers(list, "auftrag")).containsExactly("A1", "A2");
    assertThat(numbers(list, "2")).containsExactly("Datum", "2024", "2025");
    assertThat(numbers("A1;x\nA2;y", "1")).containsExactly("A1", "A2");
    assertThat(numbers("x;Accession\n1;A1\n2;A2", "2")).containsExactly("A1", "A2");
  }

  @ParameterizedTest
  @ValueSource(strings = {"UTF-8", "windows-1252", "UTF-16"})
  void everyUsualEncodingIsRead(String charset) throws IOException {
    byte[] bytes = "Número de acesso;Médico\nÄ1;Zé\nÄ2;José\n".getBytes(Charset.forName(charset));

    assertThat(numbers(new ByteArrayInputStream(bytes), "")).containsExactly("Ä1", "Ä2");
  }

  @Test
  void linesAreCountedAsAnEditorDoes() throws IOException {
    AccessionList list = list("x;accession\n\"a\r\nb\";A1\r\n\r\n;\n1;A2\n", "");

    assertThat(list.next().orElseThrow().line()).isEqualTo(2);
    assertThat(list.next().orElseThrow().line()).isEqualTo(6);
    assertThat(list.next()).isEmpty();
    assertThat(list.withoutNumber()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"name;date\nDoe Jane;2024\n", "Doe Jane;2024\n"})
  void withoutANameTheColumnIsAskedForAndNothingOfTheListIsSaid(String list) {
    assertThatThrownBy(() -> list(list, ""))
        .isInstanceOf(SerdabException.Misconfigured.class)
        .hasMessageContaining("2 columns")
        .hasMessageNotContaining("Doe");
    assertThatThrownBy(() -> list(list, "7")).isInstanceOf(SerdabException.Misconfigured.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n\n", "accession\n", "accession;x\n;1\n;2\n"})
  void aListWithoutNumbersIsRefused(String list) {
    assertThatThrownBy(() -> list(list, ""))
        .isInstanceOf(SerdabException.Misconfigured.class)
        .hasMessageContaining("no accession number at all");
  }

  @Test
  void aQuoteThatDoesNotEndIsToldWithItsLine() {
    assertThatThrownBy(() -> numbers("accession\nA1\n\"A2\nA3\nA4", ""))
        .isInstanceOf(SerdabException.Misconfigured.class)
        .hasMessageContaining("line 3")
        .hasMessageNotContaining("A4");
  }

  @Test
  void aQuoteThatDoesNotEndInAHugeListIsNotReadIntoMemory() {
    InputStream endless =
        new InputStream() {
          private long at;

          @Override
          public int read() {
            at++;
            return at == 1 ? '"' : 'x';
          }

          @Override
          public int read(byte[] into, int from, int length) {
            into[from] = (byte) read();
            return 1;
          }
        };

    assertThatThrownBy(() -> AccessionList.of(endless, Optional.empty()))
        .isInstanceOf(SerdabException.Misconfigured.class);
  }

  @SeededTest(runs = 300)
  void whatIsWrittenIsRead(RandomGenerator random) throws IOException {
    char separator = ",;\t".charAt(random.nextInt(3));
    int columns = 1 + random.nextInt(5);
    int wanted = random.nextInt(columns);
    StringBuilder text = new StringBuilder();
    for (int column = 0; column < columns; column++) {
      text.append(column == 0 ? "" : separator);
      text.append(column == wanted ? "Accession Number" : "c" + column);
    }
    text.append('\n');
    List<String> expected = new ArrayList<>();
    for (int row = 0; row < random.nextInt(1, 20); row++) {
      for (int column = 0; column < columns; column++) {
        String value = column == wanted ? "N" + random.nextInt(1000) : drawn(random);
        if (column == wanted) {
          expected.add(value);
        }
        text.append(column == 0 ? "" : separator);
        text.append('"').append(value.replace("\"", "\"\"")).append('"');
      }
      text.append(random.nextBoolean() ? "\r\n" : "\n");
    }

    assertThat(numbers(text.toString(), "")).isEqualTo(expected);
  }

  private static String drawn(RandomGenerator random) {
    StringBuilder value = new StringBuilder();
    for (int i = random.nextInt(8); i > 0; i--) {
      value.append("a,;\t\"\n\ré ".charAt(random.nextInt(9)));
    }
    return value.toString();
  }

  private static AccessionList list(String text, String column) throws IOException {
    return AccessionList.of(
        new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)),
        Optional.of(column).filter(name -> !name.isEmpty()));
  }

  private static List<String> numbers(String text, String column) throws IOException {
    return numbers(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), column);
  }

  private static List<String> numbers(InputStream in, String column) throws IOException {
    AccessionList list = AccessionList.of(in, Optional.of(column).filter(name -> !name.isEmpty()));
    List<String> numbers = new ArrayList<>();
    for (Optional<AccessionList.Line> line = list.next(); line.isPresent(); line = list.next()) {
      numbers.add(line.get().number().reveal(Purpose.MATCH_QUERY));
    }
    return numbers;
  }
}
