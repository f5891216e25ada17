export { buildImages, type BuildOptions, type BuiltImage } from './build.js';
export { ImageArchive, type ArchiveEntry, type ImageConfig } from './archive.js';
export { helmValues } from './helm-values.js';
export { programNames } from './programs.js';
export { groupedSizes, type SizeRow } from './sizes.js';
