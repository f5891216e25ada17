export { startApiServer, type ApiServer } from './api-server.js';
export { listServers, serverBinaries, type BuildOptions, type ServerState } from './build.js';
export { dyingWithUs, programOnPath } from './command.js';
export { serverNames } from './recipes.js';
export { ServersError } from './servers-error.js';
export { reasonAgainst, startServer, type RunningServer, type ServerKind, type StartOptions } from './start-server.js';
