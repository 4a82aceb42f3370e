-- What rejection notes reject, by version, and whose each version is said to be.

create table rejection (
  study key_text not null,
  version key_text not null,
  sop_instance text not null,
  code text not null,
  note text not null,
  primary key (study, version, sop_instance)
);

alter table version add column patient_id text not null default '';

alter table version add column patient_name text not null default '';
