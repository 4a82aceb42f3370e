package serdab.destination;

/// A repository keeps what every destination promises.
class RepositoryOnASimulatedDiskTest extends KeepingContract {

  private final Repositories repositories = new Repositories();

  @Override
  Destination connect() {
    return repositories.connect();
  }

  @Override
  void harm(HeldVersion copy) {
    repositories.harmEveryPack();
  }
}
