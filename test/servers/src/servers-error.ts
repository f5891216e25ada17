/**
 * What the person at the keyboard can act on: the message says what happened and what to do.
 * `cannotBuildHere`: this machine lacks what every build needs, so tests of servers are skipped and not failed.
 */
export class ServersError extends Error {
  override readonly name = 'ServersError';

  constructor(
    readonly code: 'unknownName' | 'cannotBuildHere' | 'buildFailed' | 'didNotStart',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
