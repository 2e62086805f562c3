-- The tables of format 1, as the first program made them in SQLite. PostgreSQL reads them as well.
CREATE TABLE documents (
    sha256 VARCHAR(64) NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (sha256)
);
CREATE TABLE opening (
    id INTEGER NOT NULL CHECK (id = 1),
    format INTEGER NOT NULL,
    "begin" VARCHAR(32) NOT NULL,
    created VARCHAR(32) NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE runs (
    number INTEGER NOT NULL,
    now VARCHAR(32) NOT NULL,
    at VARCHAR(32) NOT NULL,
    commit_hash VARCHAR(64),
    registry VARCHAR(64) NOT NULL,
    "plan" VARCHAR(64) NOT NULL,
    PRIMARY KEY (number),
    FOREIGN KEY(registry) REFERENCES documents (sha256),
    FOREIGN KEY("plan") REFERENCES documents (sha256)
);
CREATE TABLE digests (
    "key" VARCHAR(32) NOT NULL,
    run INTEGER NOT NULL,
    person VARCHAR(320) NOT NULL,
    slot VARCHAR(64) NOT NULL,
    due VARCHAR(32) NOT NULL,
    letter TEXT NOT NULL,
    skeleton VARCHAR(64) NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    size INTEGER NOT NULL,
    state VARCHAR(16) NOT NULL,
    data_begun BOOLEAN NOT NULL,
    token VARCHAR(32),
    lease_until VARCHAR(32),
    attempts INTEGER NOT NULL,
    next_try VARCHAR(32),
    reply TEXT NOT NULL,
    at VARCHAR(32) NOT NULL,
    PRIMARY KEY ("key"),
    UNIQUE (person, slot),
    FOREIGN KEY(run) REFERENCES runs (number),
    FOREIGN KEY(skeleton) REFERENCES documents (sha256)
);
CREATE INDEX digests_by_state ON digests (state, next_try);
CREATE TABLE receipts (
    id INTEGER NOT NULL,
    run INTEGER NOT NULL,
    digest VARCHAR(32),
    reason VARCHAR(32),
    detail VARCHAR(128) NOT NULL,
    person VARCHAR(320) NOT NULL,
    client VARCHAR(64) NOT NULL,
    recipient VARCHAR(130) NOT NULL,
    notice VARCHAR(120) NOT NULL,
    version INTEGER NOT NULL,
    event VARCHAR(16) NOT NULL,
    content VARCHAR(64),
    PRIMARY KEY (id),
    UNIQUE (person, client, notice, version, event),
    CONSTRAINT told_or_left_out CHECK ((digest IS NULL) <> (reason IS NULL)),
    FOREIGN KEY(run) REFERENCES runs (number),
    FOREIGN KEY(digest) REFERENCES digests ("key")
);
CREATE INDEX receipts_by_run ON receipts (run);
