-- Holds, and what was removed by a person. Rows of these tables are never deleted.

insert into counter (name, value) values ('hold', 0), ('certificate', 0);

create table hold (
  hold bigint not null primary key,
  study key_text not null,
  patient_id text not null,
  from_date text not null,
  to_date text not null,
  reason text not null,
  author text not null,
  made_at bigint not null,
  released_at bigint,
  released_by text not null,
  release_reason text not null
);

create table certificate (
  certificate key_text not null primary key,
  destination key_text not null,
  plan_hash text not null,
  rules text not null,
  author text not null,
  worker text not null,
  begun_at bigint not null,
  ended_at bigint,
  digest text not null
);

create table removal (
  certificate key_text not null,
  ordinal bigint not null,
  study key_text not null,
  version key_text not null,
  destination key_text not null,
  location text not null,
  stored_bytes bigint not null,
  file_count bigint not null,
  ends_study bigint not null,
  reasons text not null,
  state text not null,
  note text not null,
  at bigint not null,
  primary key (certificate, ordinal)
);

create index removal_by_study on removal (study, version, destination);
