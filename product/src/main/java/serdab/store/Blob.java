package serdab.store;

/// A committed blob open for reading. Thread-safe: reads by position do not disturb each other.
public interface Blob extends ReadableBytes {}
