export { listServers, serverBinaries, type BuildOptions, type ServerState } from './build.js';
export { serverNames } from './recipes.js';
export { ServersError } from './servers-error.js';
