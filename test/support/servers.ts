import { serverBinaries, ServersError } from '@facehash/test-servers';

/**
 * Paths of the named servers and tools, or the sentence why this machine cannot have them: tests of them are then skipped. What the stage
 * `servers` of npm test has not built is built here, which takes minutes.
 */
export async function serversOrReason(names: readonly string[]): Promise<Record<string, string> | string> {
  try {
    return await serverBinaries(names);
  } catch (error) {
    if (error instanceof ServersError && error.code === 'cannotBuildHere') return error.message;
    throw error;
  }
}
