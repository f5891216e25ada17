export { openSqliteFaceModels, type SqliteFaceModels } from './sqlite-face-models.js';
export { openSqliteRegistry, type SqliteRegistry } from './sqlite-registry.js';
