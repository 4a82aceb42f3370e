package serdab.dicom.net.web;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// A media type with its parameters (RFC 9110 section 8.3.1). Read leniently: what cannot be
/// understood has no parameters.
///
/// @param name type and subtype in lower case
/// @param parameters values without quotes, by names in lower case
record MediaType(String name, Map<String, String> parameters) {

  private static final int LENGTH_MAX = 4096;

  MediaType {
    parameters = Map.copyOf(parameters);
  }

  static MediaType parse(String text) {
    String whole = text.length() > LENGTH_MAX ? text.substring(0, LENGTH_MAX) : text;
    int semicolon = whole.indexOf(';');
    String name = semicolon < 0 ? whole : whole.substring(0, semicolon);
    Map<String, String> parameters = new HashMap<>();
    int at = semicolon;
    while (at >= 0 && at < whole.length()) {
      at++;
      int equals = whole.indexOf('=', at);
      if (equals < 0) {
        break;
      }
      String key = whole.substring(at, equals).strip().toLowerCase(Locale.ROOT);
      StringBuilder value = new StringBuilder();
      at = equals + 1;
      while (at < whole.length() && whole.charAt(at) == ' ') {
        at++;
      }
      if (at < whole.length() && whole.charAt(at) == '"') {
        at++;
        while (at < whole.length() && whole.charAt(at) != '"') {
          if (whole.charAt(at) == '\\' && at + 1 < whole.length()) {
            at++;
          }
          value.append(whole.charAt(at));
          at++;
        }
        at = whole.indexOf(';', at);
      } else {
        int end = whole.indexOf(';', at);
        value.append(whole, at, end < 0 ? whole.length() : end);
        at = end;
      }
      parameters.putIfAbsent(key, value.toString().strip());
    }
    return new MediaType(name.strip().toLowerCase(Locale.ROOT), parameters);
  }

  Optional<String> parameter(String key) {
    return Optional.ofNullable(parameters.get(key)).filter(value -> !value.isEmpty());
  }

  boolean isJson() {
    return name.equals("application/dicom+json") || name.equals("application/json");
  }
}
