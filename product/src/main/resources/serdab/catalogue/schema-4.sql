-- What kind of run it was, the plans that runs followed, and what a source showed last.

alter table run add column strategy text not null default '';

update run set strategy = 'incremental' where kind = 'backup';

create table plan (
  plan_hash key_text not null primary key,
  name text not null,
  serialised text not null,
  first_used_at bigint not null,
  last_used_at bigint not null
);

alter table study add column listed_fingerprint text not null default '';
