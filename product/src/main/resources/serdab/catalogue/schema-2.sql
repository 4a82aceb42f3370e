-- Every depth of proof of a copy with its own date and means. The copy itself shows the deepest
-- that still holds, and when its bytes were last read back whole.

insert into counter (name, value) values ('proof', 0);

-- turn: proofs counted in the order in which they were recorded, whatever the clock said.
create table proof (
  destination key_text not null,
  study key_text not null,
  version key_text not null,
  depth key_text not null,
  means text not null,
  proven_at bigint not null,
  turn bigint not null,
  primary key (destination, study, version, depth)
);

insert into proof (destination, study, version, depth, means, proven_at, turn)
  select destination, study, version, depth, means, proven_at, 0 from copy where state = 'good';

alter table copy add column intact_at bigint;

-- since_turn: when this copy began to wait for proofs: it was made, found, or found bad.
alter table copy add column since_turn bigint not null default 0;

update copy set intact_at = proven_at
  where state = 'good' and depth in ('INTACT', 'READABLE', 'RESTORED');
