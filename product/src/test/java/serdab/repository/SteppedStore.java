package serdab.repository;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import serdab.Sha256;
import serdab.store.Blob;
import serdab.store.BlobInfo;
import serdab.store.BlobStore;
import serdab.store.Capabilities;
import serdab.store.Expected;
import serdab.store.ReadBack;
import serdab.store.Staged;

/// A place that says when it is asked for something.
record SteppedStore(BlobStore store, Runnable step) implements BlobStore {

  @Override
  public Capabilities capabilities() {
    return store.capabilities();
  }

  @Override
  public String describe() {
    return store.describe();
  }

  @Override
  public Staged stage(String name) {
    step.run();
    Staged staged = store.stage(name);
    return new Staged() {
      @Override
      public void write(ByteBuffer bytes) {
        staged.write(bytes);
      }

      @Override
      public long positionBytes() {
        return staged.positionBytes();
      }

      @Override
      public void sync() {
        step.run();
        staged.sync();
      }

      @Override
      public ReadBack readBack() {
        return staged.readBack();
      }

      @Override
      public void commit() {
        step.run();
        staged.commit();
      }

      @Override
      public void close() {
        staged.close();
      }
    };
  }

  @Override
  public Blob open(String name) {
    step.run();
    return store.open(name);
  }

  @Override
  public ReadBack readBack(String name) {
    step.run();
    return store.readBack(name);
  }

  @Override
  public Optional<Sha256> attested(String name) {
    step.run();
    return store.attested(name);
  }

  @Override
  public Optional<BlobInfo> find(String name) {
    step.run();
    return store.find(name);
  }

  @Override
  public Stream<BlobInfo> list(String prefix) {
    step.run();
    return store.list(prefix);
  }

  @Override
  public boolean delete(String name) {
    step.run();
    return store.delete(name);
  }

  @Override
  public void move(String from, String to) {
    step.run();
    store.move(from, to);
  }

  @Override
  public void replace(String name, byte[] content, Expected expected) {
    step.run();
    store.replace(name, content, expected);
  }

  @Override
  public Optional<byte[]> document(String name) {
    step.run();
    return store.document(name);
  }

  @Override
  public Stream<String> unfinished() {
    return store.unfinished();
  }

  @Override
  public int sweep() {
    return store.sweep();
  }

  @Override
  public OptionalLong usableBytes() {
    return store.usableBytes();
  }

  @Override
  public void close() {
    store.close();
  }
}
