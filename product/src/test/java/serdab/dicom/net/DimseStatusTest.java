package serdab.dicom.net;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DimseStatusTest {

  @ParameterizedTest
  @CsvSource({
    "0x0000, SUCCESS",
    "0xB000, WARNING",
    "0xB006, WARNING",
    "0xB007, WARNING",
    "0x0107, WARNING",
    "0x0110, FAILURE",
    "0x0111, FAILURE",
    "0x0122, FAILURE",
    "0xA700, FAILURE",
    "0xA801, FAILURE",
    "0xA9FF, FAILURE",
    "0xC123, FAILURE",
    "0xFE00, CANCELLED",
    "0xFF00, PENDING",
    "0xFF01, PENDING",
    "0xFFFF, FAILURE"
  })
  void everyStatusIsOfOneKind(int code, DimseStatus.Kind kind) {
    assertThat(new DimseStatus(code).kind()).isEqualTo(kind);
  }

  @Test
  void onlyAPeerThatRanOutOfSomethingIsWorthAnotherTry() {
    assertThat(new DimseStatus(0xA702).isWorthAnotherTry()).isTrue();
    assertThat(new DimseStatus(0xA900).isWorthAnotherTry()).isFalse();
    assertThat(new DimseStatus(0xC000).isWorthAnotherTry()).isFalse();
    assertThat(DimseStatus.SUCCESS.isWorthAnotherTry()).isFalse();
  }

  @Test
  void aStatusIsWrittenAsDocumentsWriteIt() {
    assertThat(new DimseStatus(0xa7)).hasToString("00A7");
  }
}
