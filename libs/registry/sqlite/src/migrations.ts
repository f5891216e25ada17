/** Steps of the schema, in order. A step that was released never changes: add another. */
export const migrations: readonly string[] = [
  `CREATE TABLE people (
     storage_id TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, external_id TEXT, metadata TEXT NOT NULL, created_at TEXT NOT NULL,
     PRIMARY KEY (storage_id, id), UNIQUE (storage_id, name)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE photos (
     storage_id TEXT NOT NULL, person_id TEXT NOT NULL, sha256 TEXT NOT NULL, size_bytes INTEGER NOT NULL, added_at TEXT NOT NULL, quality TEXT NOT NULL,
     PRIMARY KEY (storage_id, person_id, sha256), FOREIGN KEY (storage_id, person_id) REFERENCES people (storage_id, id)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX photos_by_content ON photos (storage_id, sha256);
   CREATE TABLE counters (storage_id TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE face_models (
     name TEXT PRIMARY KEY, uid TEXT NOT NULL UNIQUE, namespace TEXT NOT NULL, generation INTEGER NOT NULL,
     spec TEXT NOT NULL, api_key_hashes TEXT NOT NULL, status TEXT, created_at TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE face_model_changes (only INTEGER PRIMARY KEY CHECK (only = 1), count INTEGER NOT NULL) STRICT;
   INSERT INTO face_model_changes VALUES (1, 0)`,
  // Counting a million rows takes 0.1 s, at every enrolment. So the database keeps count.
  `CREATE TABLE totals (storage_id TEXT PRIMARY KEY, people INTEGER NOT NULL, photos INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   INSERT INTO totals SELECT storage_id, sum(people), sum(photos) FROM (
     SELECT storage_id, 1 AS people, 0 AS photos FROM people UNION ALL SELECT storage_id, 0, 1 FROM photos
   ) GROUP BY storage_id;
   CREATE TRIGGER person_added AFTER INSERT ON people BEGIN
     INSERT INTO totals VALUES (new.storage_id, 1, 0) ON CONFLICT (storage_id) DO UPDATE SET people = people + 1;
   END;
   CREATE TRIGGER person_removed AFTER DELETE ON people BEGIN
     UPDATE totals SET people = people - 1 WHERE storage_id = old.storage_id;
   END;
   CREATE TRIGGER photo_added AFTER INSERT ON photos BEGIN
     UPDATE totals SET photos = photos + 1 WHERE storage_id = new.storage_id;
   END;
   CREATE TRIGGER photo_removed AFTER DELETE ON photos BEGIN
     UPDATE totals SET photos = photos - 1 WHERE storage_id = old.storage_id;
   END`,
  `CREATE TABLE erasures (
     storage_id TEXT NOT NULL, person_id TEXT NOT NULL, requested_at TEXT NOT NULL, photos INTEGER NOT NULL, masked_at TEXT, completed_at TEXT,
     PRIMARY KEY (storage_id, person_id)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX open_erasures ON erasures (storage_id, person_id) WHERE completed_at IS NULL;
   CREATE TABLE removals (
     storage_id TEXT NOT NULL, person_id TEXT NOT NULL, sha256 TEXT NOT NULL, removed_at TEXT NOT NULL,
     PRIMARY KEY (storage_id, person_id, sha256)
   ) STRICT, WITHOUT ROWID`,
  // Rotation of keys, and models of which something may still be stored.
  `ALTER TABLE face_models ADD COLUMN old_key_valid_until TEXT;
   CREATE TABLE deleted_models (
     uid TEXT PRIMARY KEY, name TEXT NOT NULL, namespace TEXT NOT NULL, storage_id TEXT NOT NULL, deleted_at TEXT NOT NULL
   ) STRICT, WITHOUT ROWID`,
];
