-- What was retrieved from copies over the network, by whom: the audit trail of retrievals.

insert into counter (name, value) values ('retrieval', 0);

create table retrieval (
  retrieval bigint not null,
  ordinal bigint not null,
  study key_text not null,
  version key_text not null,
  destination key_text not null,
  service text not null,
  level text not null,
  calling text not null,
  address text not null,
  certificate text not null,
  sent_to text not null,
  wanted bigint not null,
  sent bigint not null,
  status text not null,
  begun_at bigint not null,
  ended_at bigint,
  primary key (retrieval, ordinal)
);

create index retrieval_by_study on retrieval (study, begun_at);
