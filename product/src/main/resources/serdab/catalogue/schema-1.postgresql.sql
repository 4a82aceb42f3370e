-- Ordered as bytes whatever language the database was made for: SQLite orders text so, and streams
-- of both databases must come in the same order.
create domain key_text as text collate "C";
