package serdab.dicom.net;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import serdab.dicom.net.Pdu.Abort;
import serdab.dicom.net.Pdu.AssociateAccept;
import serdab.dicom.net.Pdu.AssociateReject;
import serdab.dicom.net.Pdu.AssociateRequest;
import serdab.dicom.net.Pdu.AsyncWindow;
import serdab.dicom.net.Pdu.ContextAnswer;
import serdab.dicom.net.Pdu.ReleaseRequest;
import serdab.dicom.net.Pdu.ReleaseResponse;
import serdab.dicom.net.Pdu.RoleSelection;
import serdab.dicom.net.Pdu.UserInformation;

/// Turns PDUs into bytes and back (PS3.8 section 9.3). Numbers are big-endian there.
///
/// Reserved fields are written as zero and never looked at, as section 9.3.1 asks; items of unknown
/// types are passed over. Everything else that is wrong is a [MalformedPduException].
final class PduCodec {

  /// A request with 128 contexts of ten syntaxes each takes a twentieth of this.
  static final int NEGOTIATION_BYTES_MAX = 1 << 20;

  /// Transfer syntaxes of one context; some peers list all there are.
  static final int SYNTAXES_MAX = 256;

  /// PS3.5 section 9.1 allows 64. Longer ones occur, and are only text here.
  static final int UID_BYTES_MAX = 128;

  private static final int TITLES_AND_RESERVED_BYTES = 68;
  private static final int RESERVED_BYTES = 32;

  private static final int APPLICATION_CONTEXT = 0x10;
  private static final int CONTEXT_RQ = 0x20;
  private static final int CONTEXT_AC = 0x21;
  private static final int ABSTRACT_SYNTAX = 0x30;
  private static final int TRANSFER_SYNTAX = 0x40;
  private static final int USER_INFORMATION = 0x50;
  private static final int MAXIMUM_LENGTH = 0x51;
  private static final int IMPLEMENTATION_CLASS = 0x52;
  private static final int ASYNC_WINDOW = 0x53;
  private static final int ROLE_SELECTION = 0x54;
  private static final int IMPLEMENTATION_VERSION = 0x55;
  private static final int USER_IDENTITY_RQ = 0x58;
  private static final int USER_IDENTITY_AC = 0x59;

  private PduCodec() {}

  // ---- writing

  /// The whole PDU, header included.
  static byte[] bytes(Pdu pdu) {
    Out body = new Out();
    int type =
        switch (pdu) {
          case AssociateRequest rq -> {
            start(body, rq.protocolVersion(), rq.called(), rq.calling(), rq.applicationContext());
            for (PresentationContext context : rq.contexts()) {
              body.item(
                  CONTEXT_RQ,
                  item -> {
                    item.u8(context.id()).u8(0).u8(0).u8(0);
                    item.text(ABSTRACT_SYNTAX, context.abstractSyntax());
                    context.transferSyntaxes().forEach(uid -> item.text(TRANSFER_SYNTAX, uid));
                  });
            }
            user(body, rq.user());
            yield Pdu.ASSOCIATE_RQ;
          }
          case AssociateAccept ac -> {
            start(body, ac.protocolVersion(), ac.called(), ac.calling(), ac.applicationContext());
            for (ContextAnswer answer : ac.answers()) {
              body.item(
                  CONTEXT_AC,
                  item -> {
                    item.u8(answer.id()).u8(0).u8(answer.result()).u8(0);
                    item.text(TRANSFER_SYNTAX, answer.transferSyntax());
                  });
            }
            user(body, ac.user());
            yield Pdu.ASSOCIATE_AC;
          }
          case AssociateReject rj -> {
            body.u8(0).u8(rj.result()).u8(rj.source()).u8(rj.reason());
            yield Pdu.ASSOCIATE_RJ;
          }
          case ReleaseRequest _ -> {
            body.u32(0);
            yield Pdu.RELEASE_RQ;
          }
          case ReleaseResponse _ -> {
            body.u32(0);
            yield Pdu.RELEASE_RP;
          }
          case Abort abort -> {
            body.u8(0).u8(0).u8(abort.source()).u8(abort.reason());
            yield Pdu.ABORT;
          }
        };
    Out all = new Out();
    all.u8(type).u8(0).u32(body.size());
    all.raw(body.toByteArray());
    return all.toByteArray();
  }

  private static void start(
      Out out, int version, AeTitle called, AeTitle calling, String applicationContext) {
    out.u16(version).u16(0);
    out.raw(called.padded());
    out.raw(calling.padded());
    out.raw(new byte[RESERVED_BYTES]);
    out.text(APPLICATION_CONTEXT, applicationContext);
  }

  private static void user(Out out, UserInformation user) {
    out.item(
        USER_INFORMATION,
        items -> {
          items.item(MAXIMUM_LENGTH, item -> item.u32(user.pduLengthMax()));
          items.text(IMPLEMENTATION_CLASS, user.implementationClassUid());
          user.window()
              .ifPresent(window ->
                  items.item(
                      ASYNC_WINDOW, item -> item.u16(window.invoked()).u16(window.performed())));
          for (RoleSelection role : user.roles()) {
            items.item(
                ROLE_SELECTION,
                item -> {
                  item.counted(ascii(role.sopClassUid()));
                  item.u8(role.scu() ? 1 : 0).u8(role.scp() ? 1 : 0);
                });
          }
          if (!user.implementationVersionName().isEmpty()) {
            items.text(IMPLEMENTATION_VERSION, user.implementationVersionName());
          }
          user.identity()
              .ifPresent(identity ->
                  items.item(
                      USER_IDENTITY_RQ,
                      item -> {
                        item.u8(identity.type()).u8(identity.isAnswerWanted() ? 1 : 0);
                        item.counted(identity.primary());
                        item.counted(identity.secondary());
                      }));
          if (user.identityAnswered()) {
            items.item(USER_IDENTITY_AC, item -> item.counted(new byte[0]));
          }
        });
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  /// Bytes that grow.
  private static final class Out extends ByteArrayOutputStream {

    Out u8(int value) {
      write(value);
      return this;
    }

    Out u16(int value) {
      return u8(value >>> 8).u8(value);
    }

    Out u32(long value) {
      return u16((int) (value >>> 16)).u16((int) value);
    }

    Out raw(byte[] bytes) {
      writeBytes(bytes);
      return this;
    }

    Out counted(byte[] bytes) {
      return u16(bytes.length).raw(bytes);
    }

    void text(int type, String value) {
      item(type, item -> item.raw(ascii(value)));
    }

    void item(int type, java.util.function.Consumer<Out> content) {
      Out item = new Out();
      content.accept(item);
      if (item.size() > 0xFFFF) {
        throw new IllegalArgumentException("an item is longer than its length field can say");
      }
      u8(type).u8(0).u16(item.size()).raw(item.toByteArray());
    }
  }

  // ---- reading

  /// The longest body that a PDU of this type may have.
  ///
  /// @throws MalformedPduException when there is no such type, or when P-DATA-TF is asked for
  static int lengthMax(int type) throws MalformedPduException {
    return switch (type) {
      case Pdu.ASSOCIATE_RQ, Pdu.ASSOCIATE_AC -> NEGOTIATION_BYTES_MAX;
      case Pdu.ASSOCIATE_RJ, Pdu.RELEASE_RQ, Pdu.RELEASE_RP, Pdu.ABORT -> 4;
      default -> throw new MalformedPduException(Abort.UNRECOGNIZED_PDU, "there is no PDU " + type);
    };
  }

  /// Reads what stands behind the header.
  ///
  /// @param body exactly as long as the header says
  static Pdu read(int type, ByteBuffer body) throws MalformedPduException {
    In in = new In(body);
    return switch (type) {
      case Pdu.ASSOCIATE_RQ -> request(in);
      case Pdu.ASSOCIATE_AC -> accept(in);
      case Pdu.ASSOCIATE_RJ -> {
        in.u8();
        yield new AssociateReject(in.u8(), in.u8(), in.u8());
      }
      case Pdu.RELEASE_RQ -> new ReleaseRequest();
      case Pdu.RELEASE_RP -> new ReleaseResponse();
      case Pdu.ABORT -> {
        in.u16();
        yield new Abort(in.u8(), in.u8());
      }
      default -> throw new MalformedPduException(Abort.UNRECOGNIZED_PDU, "there is no PDU " + type);
    };
  }

  private static Pdu request(In in) throws MalformedPduException {
    Opening<PresentationContext> read = opening(in, CONTEXT_RQ, PduCodec::context);
    return new AssociateRequest(
        read.version, read.called, read.calling, read.applicationContext, read.contexts, read.user);
  }

  private static Pdu accept(In in) throws MalformedPduException {
    Opening<ContextAnswer> read = opening(in, CONTEXT_AC, PduCodec::answer);
    return new AssociateAccept(
        read.version, read.called, read.calling, read.applicationContext, read.contexts, read.user);
  }

  /// What a request (PS3.8 table 9-11) and its acceptance (table 9-17) have in common: all but the
  /// kind of their presentation contexts.
  private record Opening<T>(
      int version,
      AeTitle called,
      AeTitle calling,
      String applicationContext,
      List<T> contexts,
      UserInformation user) {}

  private interface ContextReader<T> {
    T read(In item) throws MalformedPduException;
  }

  private static <T> Opening<T> opening(In in, int contextItem, ContextReader<T> reader)
      throws MalformedPduException {
    if (in.left() < TITLES_AND_RESERVED_BYTES) {
      throw invalid("a request or accept of " + in.left() + " bytes");
    }
    int version = in.u16();
    in.u16();
    AeTitle called = AeTitle.received(in.bytes(AeTitle.LENGTH_MAX));
    AeTitle calling = AeTitle.received(in.bytes(AeTitle.LENGTH_MAX));
    in.bytes(RESERVED_BYTES);
    String applicationContext = "";
    List<T> contexts = new ArrayList<>();
    UserInformation user = noUser();
    while (in.left() > 0) {
      int type = in.u8();
      In item = in.item();
      if (type == contextItem) {
        if (contexts.size() == PresentationContext.COUNT_MAX) {
          throw invalid("more than " + PresentationContext.COUNT_MAX + " presentation contexts");
        }
        contexts.add(reader.read(item));
      } else if (type == APPLICATION_CONTEXT) {
        applicationContext = item.rest();
      } else if (type == USER_INFORMATION) {
        user = user(item);
      }
    }
    return new Opening<>(version, called, calling, applicationContext, contexts, user);
  }

  private static PresentationContext context(In in) throws MalformedPduException {
    int id = in.u8();
    if ((id & 1) == 0) {
      throw invalid("presentation context " + id + ", which is not odd");
    }
    in.u8();
    in.u16();
    String abstractSyntax = "";
    List<String> transferSyntaxes = new ArrayList<>();
    while (in.left() > 0) {
      int type = in.u8();
      In item = in.item();
      switch (type) {
        case ABSTRACT_SYNTAX -> abstractSyntax = item.rest();
        case TRANSFER_SYNTAX -> {
          if (transferSyntaxes.size() == SYNTAXES_MAX) {
            throw invalid("more than " + SYNTAXES_MAX + " transfer syntaxes in one context");
          }
          transferSyntaxes.add(item.rest());
        }
        default -> {}
      }
    }
    return new PresentationContext(id, abstractSyntax, transferSyntaxes);
  }

  private static ContextAnswer answer(In in) throws MalformedPduException {
    int id = in.u8();
    in.u8();
    int result = in.u8();
    in.u8();
    String transferSyntax = "";
    while (in.left() > 0) {
      int type = in.u8();
      In item = in.item();
      if (type == TRANSFER_SYNTAX) {
        transferSyntax = item.rest();
      }
    }
    return new ContextAnswer(id, result, transferSyntax);
  }

  private static UserInformation noUser() {
    return new UserInformation(0, "", "", Optional.empty(), List.of(), Optional.empty(), false);
  }

  private static UserInformation user(In in) throws MalformedPduException {
    long pduLengthMax = 0;
    String implementationClass = "";
    String implementationVersion = "";
    Optional<AsyncWindow> window = Optional.empty();
    List<RoleSelection> roles = new ArrayList<>();
    Optional<UserIdentity> identity = Optional.empty();
    boolean identityAnswered = false;
    while (in.left() > 0) {
      int type = in.u8();
      In item = in.item();
      switch (type) {
        case MAXIMUM_LENGTH -> pduLengthMax = item.u32();
        case IMPLEMENTATION_CLASS -> implementationClass = item.rest();
        case IMPLEMENTATION_VERSION -> implementationVersion = item.rest();
        case ASYNC_WINDOW -> window = Optional.of(new AsyncWindow(item.u16(), item.u16()));
        case ROLE_SELECTION ->
            roles.add(new RoleSelection(item.countedText(), item.u8() == 1, item.u8() == 1));
        case USER_IDENTITY_RQ ->
            identity =
                Optional.of(
                    new UserIdentity(item.u8(), item.u8() == 1, item.counted(), item.counted()));
        case USER_IDENTITY_AC -> identityAnswered = true;
        default -> {}
      }
    }
    return new UserInformation(
        pduLengthMax,
        implementationClass,
        implementationVersion,
        window,
        roles,
        identity,
        identityAnswered);
  }

  private static MalformedPduException invalid(String what) {
    return new MalformedPduException(Abort.INVALID_PARAMETER, what);
  }

  /// Bytes that are looked at one after the other, never behind their end.
  private static final class In {

    private final ByteBuffer bytes;

    In(ByteBuffer bytes) {
      this.bytes = bytes;
    }

    int left() {
      return bytes.remaining();
    }

    int u8() throws MalformedPduException {
      need(1);
      return bytes.get() & 0xFF;
    }

    int u16() throws MalformedPduException {
      need(2);
      return bytes.getShort() & 0xFFFF;
    }

    long u32() throws MalformedPduException {
      need(4);
      return bytes.getInt() & 0xFFFF_FFFFL;
    }

    byte[] bytes(int count) throws MalformedPduException {
      need(count);
      byte[] copy = new byte[count];
      bytes.get(copy);
      return copy;
    }

    byte[] counted() throws MalformedPduException {
      return bytes(u16());
    }

    String countedText() throws MalformedPduException {
      return uid(counted());
    }

    /// The rest behind the type of an item: a reserved byte, a length, and that many bytes.
    In item() throws MalformedPduException {
      u8();
      int length = u16();
      need(length);
      In item = new In(bytes.slice(bytes.position(), length));
      bytes.position(bytes.position() + length);
      return item;
    }

    String rest() throws MalformedPduException {
      return uid(bytes(left()));
    }

    private void need(int count) throws MalformedPduException {
      if (bytes.remaining() < count) {
        throw invalid("an item needs " + count + " bytes more, " + bytes.remaining() + " are left");
      }
    }

    /// Some pad UIDs here too, with NULs or spaces.
    private static String uid(byte[] bytes) throws MalformedPduException {
      if (bytes.length > UID_BYTES_MAX) {
        throw invalid("a UID or name of " + bytes.length + " bytes");
      }
      return new String(bytes, StandardCharsets.ISO_8859_1).replace('\0', ' ').strip();
    }
  }
}
