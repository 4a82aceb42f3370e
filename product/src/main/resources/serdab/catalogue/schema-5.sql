-- A study is asked for without its source too, once for each study of a plan to prune.

create index study_by_study on study (study, source);
