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
];
