package serdab.dicom.net.web;

import java.net.URI;
import java.util.function.Supplier;

/// How a client says who it is. Secrets are asked for when they are needed and are never printed.
public sealed interface Credentials {

  /// Nothing is said.
  record None() implements Credentials {}

  /// A bearer token (RFC 6750).
  record Bearer(Supplier<String> token) implements Credentials {
    @Override
    public String toString() {
      return "a bearer token";
    }
  }

  /// A user name and a password (RFC 7617).
  record Basic(String user, Supplier<String> password) implements Credentials {
    @Override
    public String toString() {
      return "a user name and a password";
    }
  }

  /// Tokens that an authorization server gives to a client by its id and secret (RFC 6749 section
  /// 4.4).
  ///
  /// @param tokenUrl where tokens are given; `https`, or on this machine
  /// @param scope what to ask for; empty text asks for nothing in particular
  record ClientCredentials(URI tokenUrl, String clientId, Supplier<String> secret, String scope)
      implements Credentials {
    @Override
    public String toString() {
      return "the credentials of a client";
    }
  }
}
