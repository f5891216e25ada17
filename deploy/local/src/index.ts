export { startCluster, type Cluster, type ClusterOptions } from './cluster.js';
export { imageArchive, type SmallImage } from './image-archive.js';
export { whyNoCluster } from './prerequisites.js';
