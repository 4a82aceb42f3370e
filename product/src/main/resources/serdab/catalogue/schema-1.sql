-- The first catalogue. Runs unchanged on SQLite and PostgreSQL: times are milliseconds since 1970
-- in UTC, dates are ISO 8601 text, digests are hexadecimal text, unknown text is empty.

create table schema_version (
  version bigint not null primary key,
  applied_at bigint not null
);

create table installation (
  name key_text not null primary key,
  value text not null
);

create table counter (
  name key_text not null primary key,
  value bigint not null
);

insert into counter (name, value) values ('run', 0), ('use', 0);

create table fact (
  name key_text not null primary key,
  value text not null,
  remembered_at bigint not null
);

create table source (
  source key_text not null primary key,
  spec text not null,
  first_used_at bigint not null,
  last_used_at bigint not null,
  findings_run bigint not null
);

create table destination (
  destination key_text not null,
  spec key_text not null,
  first_used_at bigint not null,
  last_used_at bigint not null,
  last_use bigint not null,
  primary key (destination, spec)
);

create index destination_spec on destination (spec, last_use);

create table run (
  run bigint not null primary key,
  kind text not null,
  plan_hash text not null,
  source key_text not null,
  worker text not null,
  started_at bigint not null,
  ended_at bigint,
  outcome text not null,
  listed bigint not null,
  selected bigint not null,
  copied bigint not null,
  already_there bigint not null,
  adopted bigint not null,
  incomplete bigint not null,
  failed bigint not null,
  waiting bigint not null,
  findings bigint not null,
  copied_bytes bigint not null
);

create index run_source on run (source, run);

create table run_destination (
  run bigint not null,
  ordinal bigint not null,
  destination key_text not null,
  primary key (run, ordinal)
);

create table run_finding (
  run bigint not null,
  ordinal bigint not null,
  source key_text not null,
  kind text not null,
  path text not null,
  position bigint not null,
  detail text not null,
  primary key (run, ordinal)
);

create table study (
  source key_text not null,
  study key_text not null,
  patient_name text not null,
  patient_id text not null,
  birth_date text not null,
  study_date key_text not null,
  modalities text not null,
  accession_number text not null,
  description text not null,
  fingerprint text not null,
  look text not null,
  file_count bigint not null,
  version text not null,
  missing_files bigint not null,
  first_seen_at bigint not null,
  last_seen_run bigint not null,
  last_looked_at bigint,
  change_seen_at bigint,
  failures bigint not null,
  next_try_at bigint,
  problem text not null,
  primary key (source, study)
);

create index study_by_date on study (study_date, study, source);

create table study_finding (
  source key_text not null,
  study key_text not null,
  ordinal bigint not null,
  run bigint not null,
  kind text not null,
  path text not null,
  position bigint not null,
  detail text not null,
  primary key (source, study, ordinal)
);

create table version (
  study key_text not null,
  version key_text not null,
  read_at bigint not null,
  file_count bigint not null,
  length_bytes bigint not null,
  missing_files bigint not null,
  supersedes text not null,
  primary key (study, version)
);

-- Apart from version, so that listing versions does not drag the lists along.
create table instance_list (
  study key_text not null,
  version key_text not null,
  instances bigint not null,
  packed bytea not null,
  primary key (study, version)
);

create table copy (
  study key_text not null,
  version key_text not null,
  destination key_text not null,
  location text not null,
  stored_bytes bigint not null,
  file_count bigint not null,
  depth text not null,
  means text not null,
  proven_at bigint not null,
  state text not null,
  run bigint not null,
  primary key (study, version, destination)
);

create index copy_by_destination on copy (destination, study, version);
