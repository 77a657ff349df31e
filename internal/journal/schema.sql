-- The journal's tables. Times are microseconds since 1970, UTC.
-- Look with: sqlite3 octail.db 'SELECT sequence, entity, key, revision, kind FROM events ORDER BY sequence DESC LIMIT 20'
--
-- Every row carries a checksum of itself, which SQLite itself does not: sum. The
-- function is octail's own, so that other programs can read the tables but not
-- write them. A table without it is refused by a test.

-- position, pins (shop, timezone, ...), birth mark, last sequence, schema version
CREATE TABLE meta (
	name  TEXT PRIMARY KEY,
	value TEXT NOT NULL,
	sum   INTEGER NOT NULL GENERATED ALWAYS AS (octail_sum(name, value)) STORED
) WITHOUT ROWID;

-- one row per revision; prior is the sequence of the revision before, 0 for none
CREATE TABLE events (
	sequence INTEGER PRIMARY KEY,
	entity   TEXT    NOT NULL,
	key      INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	kind     TEXT    NOT NULL,          -- created, updated, deleted
	time     INTEGER NOT NULL,          -- commit (or read) time of the change
	origin   TEXT    NOT NULL,
	schema   INTEGER NOT NULL,
	birth    TEXT    NOT NULL,
	prior    INTEGER NOT NULL,
	added    INTEGER NOT NULL,          -- when it was journaled
	packed   INTEGER NOT NULL,          -- 0: data is JSON, 1: zstd of it
	sum      INTEGER NOT NULL GENERATED ALWAYS AS (octail_sum(sequence, entity, key, revision, kind, time, origin, schema, birth, prior, added, packed, data)) STORED,
	data     BLOB    NOT NULL           -- {"changed":..,"previous":..,"document":..}
);

-- the newest revision of every entity; its document is in events
CREATE TABLE documents (
	entity   TEXT    NOT NULL,
	key      INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	sequence INTEGER NOT NULL,
	deleted  INTEGER NOT NULL,
	bulk     INTEGER NOT NULL,          -- 1: it comes of a snapshot, sync or reconcile, not of a change in the shop
	schema   INTEGER NOT NULL,
	lines    INTEGER NOT NULL,          -- highest line number ever given (orders)
	hash     BLOB    NOT NULL,          -- of the content
	fields   BLOB    NOT NULL,          -- hash of each top-level content field
	number   TEXT,                      -- what trace looks for
	email    TEXT,
	sku      TEXT,
	sum      INTEGER NOT NULL GENERATED ALWAYS AS (octail_sum(entity, key, revision, sequence, deleted, bulk, schema, lines, hash, fields, number, email, sku)) STORED,
	PRIMARY KEY (entity, key)
) WITHOUT ROWID;
CREATE INDEX documents_queue  ON documents (bulk, sequence);
CREATE INDEX documents_number ON documents (number) WHERE number IS NOT NULL;
CREATE INDEX documents_email  ON documents (email)  WHERE email  IS NOT NULL;
CREATE INDEX documents_sku    ON documents (sku)    WHERE sku    IS NOT NULL;

-- keys to be read again that no binlog event will name again
CREATE TABLE dirty (
	entity   TEXT    NOT NULL,
	key      INTEGER NOT NULL,
	mark     INTEGER NOT NULL,          -- rises with each marking: a read of an older mark does not clear it
	reason   TEXT    NOT NULL,          -- snapshot, sync, reconcile, truncate, reference, held, failed, ...
	origin   TEXT    NOT NULL,
	since    INTEGER NOT NULL,
	position TEXT    NOT NULL,          -- first binlog position that touched it, '' when none
	added_since INTEGER NOT NULL,       -- of a mark of a whole entity (key 0): only what the shop has added since, 0 for all
	after    INTEGER NOT NULL,          -- of a mark of a whole entity: keys up to here have marks of their own, or had
	refresh  INTEGER NOT NULL,          -- 1: also what order lines once looked up
	touched  INTEGER NOT NULL,          -- commit time of the last touch, 0 when none
	attempts INTEGER NOT NULL,
	next     INTEGER NOT NULL,          -- not before
	error    TEXT    NOT NULL,          -- why the last read failed
	sum      INTEGER NOT NULL GENERATED ALWAYS AS (octail_sum(entity, key, mark, reason, origin, since, position, added_since, after, refresh, touched, attempts, next, error)) STORED,
	PRIMARY KEY (entity, key)
) WITHOUT ROWID;
CREATE INDEX dirty_next ON dirty (next, since);
CREATE INDEX dirty_failing ON dirty (since) WHERE error <> '';

-- what each key of a target looked like when the shop was last swept (capture.mode: poll)
CREATE TABLE polled (
	target   TEXT    NOT NULL,          -- an entity, or what its documents look up
	key      INTEGER NOT NULL,
	state    INTEGER NOT NULL,          -- checksum of its rows
	sum      INTEGER NOT NULL GENERATED ALWAYS AS (octail_sum(target, key, state)) STORED,
	PRIMARY KEY (target, key)
) WITHOUT ROWID;

-- sinks by name; name to fill are fixed at their first start
CREATE TABLE sinks (
	name     TEXT PRIMARY KEY,
	type     TEXT    NOT NULL,
	started  INTEGER NOT NULL,
	start    INTEGER NOT NULL,          -- sequence it began behind
	fill     INTEGER NOT NULL,          -- what was journaled when it first started: bulk for it, whatever it came of
	paused   INTEGER NOT NULL DEFAULT 0,  -- by a person
	stopped  TEXT    NOT NULL DEFAULT '', -- why the lane stopped itself (blocked, refusals), '' while it runs
	error    TEXT    NOT NULL DEFAULT '', -- its last words
	since    INTEGER NOT NULL DEFAULT 0,  -- when it was paused or stopped, or began to fail
	attempts INTEGER NOT NULL DEFAULT 0,  -- of the whole lane since then
	refused  INTEGER NOT NULL DEFAULT 0,  -- permanent refusals since the last success
	next     INTEGER NOT NULL DEFAULT 0,  -- no call before
	sum      INTEGER NOT NULL GENERATED ALWAYS AS (octail_sum(name, type, started, start, fill, paused, stopped, error, since, attempts, refused, next)) STORED
) WITHOUT ROWID;

CREATE TABLE cursors (
	sink     TEXT    NOT NULL,
	queue    TEXT    NOT NULL,          -- live, bulk: all up to here is delivered, parked or dead; taken: last event the target took
	sequence INTEGER NOT NULL,
	sum      INTEGER NOT NULL GENERATED ALWAYS AS (octail_sum(sink, queue, sequence)) STORED,
	PRIMARY KEY (sink, queue)
) WITHOUT ROWID;

-- entities whose newest revision a person wants a sink to be given once more
CREATE TABLE resends (
	sink     TEXT    NOT NULL,
	entity   TEXT    NOT NULL,
	key      INTEGER NOT NULL,
	since    INTEGER NOT NULL,
	sum      INTEGER NOT NULL GENERATED ALWAYS AS (octail_sum(sink, entity, key, since)) STORED,
	PRIMARY KEY (sink, entity, key)
) WITHOUT ROWID;

-- what each sink took last of each entity
CREATE TABLE accepted (
	sink     TEXT    NOT NULL,
	entity   TEXT    NOT NULL,
	key      INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	sequence INTEGER NOT NULL,
	time     INTEGER NOT NULL,
	deleted  INTEGER NOT NULL,
	fields   BLOB    NOT NULL,          -- as in documents
	sum      INTEGER NOT NULL GENERATED ALWAYS AS (octail_sum(sink, entity, key, revision, sequence, time, deleted, fields)) STORED,
	PRIMARY KEY (sink, entity, key)
) WITHOUT ROWID;

-- entities that wait alone while their lane goes on
CREATE TABLE parked (
	sink     TEXT    NOT NULL,
	entity   TEXT    NOT NULL,
	key      INTEGER NOT NULL,
	queue    TEXT    NOT NULL,
	revision INTEGER NOT NULL,
	sequence INTEGER NOT NULL,          -- of the first that waits
	class    TEXT    NOT NULL,
	reason   TEXT    NOT NULL,
	waits    TEXT    NOT NULL,          -- subject of the parent it waits for, '' for none
	attempts INTEGER NOT NULL,          -- while others of the sink succeeded
	since    INTEGER NOT NULL,
	tried    INTEGER NOT NULL,          -- last time, 0 never
	next     INTEGER NOT NULL,
	error    TEXT    NOT NULL,
	sum      INTEGER NOT NULL GENERATED ALWAYS AS (octail_sum(sink, entity, key, queue, revision, sequence, class, reason, waits, attempts, since, tried, next, error)) STORED,
	PRIMARY KEY (sink, entity, key)
) WITHOUT ROWID;
CREATE INDEX parked_next ON parked (sink, next);
CREATE INDEX parked_sequence ON parked (sink, sequence);
CREATE INDEX parked_waits ON parked (sink, waits) WHERE waits <> '';

-- calls of the targets; a log's successful one is one row for all it took (entity '', key 0)
CREATE TABLE attempts (
	id       INTEGER PRIMARY KEY,
	sink     TEXT    NOT NULL,
	entity   TEXT    NOT NULL,
	key      INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	first    INTEGER NOT NULL,          -- sequences: first to sequence
	sequence INTEGER NOT NULL,
	started  INTEGER NOT NULL,
	duration INTEGER NOT NULL,
	class    TEXT    NOT NULL,          -- ok, retryable, rate_limited, permanent, blocked
	request  TEXT    NOT NULL,
	answer   TEXT    NOT NULL,
	next     INTEGER NOT NULL,
	sum      INTEGER NOT NULL GENERATED ALWAYS AS (octail_sum(id, sink, entity, key, revision, first, sequence, started, duration, class, request, answer, next)) STORED
);
CREATE INDEX attempts_entity ON attempts (entity, key) WHERE entity <> '';
CREATE INDEX attempts_range ON attempts (sink, sequence) WHERE entity = '';
CREATE INDEX attempts_started ON attempts (started);

-- what a target will never take as it is; ids are given once (meta: last_dead)
CREATE TABLE dead (
	id       INTEGER PRIMARY KEY,
	sink     TEXT    NOT NULL,
	entity   TEXT    NOT NULL,
	key      INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	sequence INTEGER NOT NULL,
	class    TEXT    NOT NULL,
	reason   TEXT    NOT NULL,
	cause    TEXT    NOT NULL,
	attempts INTEGER NOT NULL,
	since    INTEGER NOT NULL,
	request  TEXT    NOT NULL,
	answer   TEXT    NOT NULL,
	sum      INTEGER NOT NULL GENERATED ALWAYS AS (octail_sum(id, sink, entity, key, revision, sequence, class, reason, cause, attempts, since, request, answer)) STORED,
	UNIQUE (sink, entity, key, revision)
);
CREATE INDEX dead_reason ON dead (sink, reason);
CREATE INDEX dead_entity ON dead (entity, key);

-- our entity to the target's record
CREATE TABLE links (
	sink     TEXT    NOT NULL,
	entity   TEXT    NOT NULL,
	key      INTEGER NOT NULL,
	target   TEXT    NOT NULL,
	origin   TEXT    NOT NULL,          -- found (a cache) or person (the truth)
	time     INTEGER NOT NULL,
	sum      INTEGER NOT NULL GENERATED ALWAYS AS (octail_sum(sink, entity, key, target, origin, time)) STORED,
	PRIMARY KEY (sink, entity, key)
) WITHOUT ROWID;
CREATE INDEX links_target ON links (sink, target);

-- people who asked to be forgotten: salted hashes of id and e-mail
CREATE TABLE erased (
	hash     BLOB PRIMARY KEY,
	time     INTEGER NOT NULL,
	sum      INTEGER NOT NULL GENERATED ALWAYS AS (octail_sum(hash, time)) STORED
) WITHOUT ROWID;
