export { archiveProgress, type ArchiveEntry } from './archive.js';
export { exportModel, type ExportParts } from './export-model.js';
export { importModel, type Imported, type ImportParts } from './import-model.js';
