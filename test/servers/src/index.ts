export { kubeconfigVariable, startApiServer, type ApiServer } from './api-server.js';
export { listServers, serverBinaries, type BuildOptions, type ServerState } from './build.js';
export { serverNames } from './recipes.js';
export { launch, ServerProcess, type LaunchOptions, type Place, type ServerDefinition } from './server-process.js';
export { ServersError } from './servers-error.js';
export { serverKinds, serverVariables, startServer, type RunningServer, type ServerKind, type StartOptions } from './start-server.js';
