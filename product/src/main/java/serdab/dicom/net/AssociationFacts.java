package serdab.dicom.net;

import java.net.InetAddress;
import java.util.Optional;

/// Who is at the other end of an association that was asked of us.
///
/// @param number counts the associations of one server from 1
/// @param calling the title the peer gave itself; proves nothing about who it is
/// @param called the title it asked for
/// @param address where it called from
/// @param implementationClassUid of the peer's software; empty when it did not say
/// @param implementationVersionName of the peer's software; empty when it did not say
/// @param certificate the subject of the peer's certificate, where mutual TLS proved it
public record AssociationFacts(
    long number,
    AeTitle calling,
    AeTitle called,
    InetAddress address,
    String implementationClassUid,
    String implementationVersionName,
    Optional<String> certificate) {}
