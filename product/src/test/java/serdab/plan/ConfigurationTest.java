package serdab.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.ZoneId;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConfigurationTest {
  private static final ZoneId UTC = ZoneId.of("UTC");

  @Test
  void quick() {
    Configuration c = Configuration.parse("""
        [plan.daily]
        from = ["/a", "horos:/b"]
        to = "zip:/c"
        modality = "CT,MR"
        not_during = ["Mon-Fri 07:30-19:00"]
        """, "x", UTC);
    System.out.println(c.text());
    assertThat(Configuration.parse(c.text(), "y", UTC)).isEqualTo(c);
    System.out.println(Configuration.check("""
        [plan.daily]
        frm = "/a"
        to = ["/c", 7]
        pause = "5 parsecs"
        workers = 17
        """, UTC).stream().map(ConfigurationProblem::text).reduce("", (a, b) -> a + "\n" + b));
    assertThat(List.of(1)).hasSize(1);
  }
}
