package serdab.dicom;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PersonNameTest {

  @Test
  void aNameComesApartIntoGroupsAndComponents() {
    PersonName name = PersonName.parse("Adams^John Robert Quincy^^Rev.^B.A. M.Div.=亚^当=ya^dang");

    assertThat(name.alphabetic().family()).isEqualTo("Adams");
    assertThat(name.alphabetic().given()).isEqualTo("John Robert Quincy");
    assertThat(name.alphabetic().prefix()).isEqualTo("Rev.");
    assertThat(name.alphabetic().suffix()).isEqualTo("B.A. M.Div.");
    assertThat(name.ideographic().given()).isEqualTo("当");
    assertThat(name.phonetic().family()).isEqualTo("ya");
  }

  @Test
  void itIsShownForPeople() {
    assertThat(PersonName.parse("Doe^Jane").display()).isEqualTo("Doe, Jane");
    assertThat(PersonName.parse("Doe").display()).isEqualTo("Doe");
    assertThat(PersonName.parse("^Jane").display()).isEqualTo("Jane");
    assertThat(PersonName.parse("Doe^Jane^Q^Dr^MD").display()).isEqualTo("Doe, Jane Q (Dr, MD)");
    assertThat(PersonName.parse("Yamada^Tarou=山田^太郎").display())
        .isEqualTo("Yamada, Tarou [山田, 太郎]");
    assertThat(PersonName.parse("=山田^太郎").display()).isEqualTo("山田, 太郎");
    assertThat(PersonName.parse("").display()).isEmpty();
  }

  @Test
  void tooManyComponentsAndGroupsStayInTheLast() {
    PersonName name = PersonName.parse("a^b^c^d^e^f=g=h=i");

    assertThat(name.alphabetic().suffix()).isEqualTo("e^f");
    assertThat(name.phonetic().family()).isEqualTo("h=i");
  }

  @Test
  void aNameDoesNotPrint() {
    PersonName name = PersonName.parse("Doe^Jane");

    assertThat(name.toString()).doesNotContain("Doe");
    assertThat(name.alphabetic().toString()).doesNotContain("Doe");
    assertThat(String.valueOf(name.ideographic().isEmpty())).isEqualTo("true");
  }
}
