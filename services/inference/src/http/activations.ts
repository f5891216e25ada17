import { newId, type Clock, type Random } from '@facehash/kernel';
import type { CommandQueue, ModelState } from '@facehash/messaging-core';
import type { ModelDirectory, VersionHistory } from '@facehash/recognition';

export interface ActivationParts {
  readonly directory: ModelDirectory;
  readonly commands: CommandQueue;
  readonly history: VersionHistory;
  readonly clock: Clock;
  readonly random: Random;
}

/** Says which version answers, whatever is enrolled. Each call resolves when the controller has recorded it, so that nothing that was acknowledged is lost. */
export class Activations {
  constructor(private readonly parts: ActivationParts) {}

  /** The state that it is recorded in. Rejects with VERSION_NOT_FOUND. */
  async activate({ storageId }: ModelState, version: string, signal: AbortSignal): Promise<ModelState> {
    await this.parts.history.version(storageId, version, signal);
    await this.#send(storageId, version, signal);
    return this.parts.directory.until(storageId, ({ activation }) => activation?.version === version, signal);
  }

  /** Nothing happens where another version, or none, is activated. */
  async release({ storageId, activation }: ModelState, version: string, signal: AbortSignal): Promise<void> {
    await this.parts.history.version(storageId, version, signal);
    if (activation?.version !== version) return;
    await this.#send(storageId, null, signal);
    await this.parts.directory.until(storageId, (state) => state.activation?.version !== version, signal);
  }

  #send(storageId: string, version: string | null, signal: AbortSignal): Promise<void> {
    const { commands, clock, random } = this.parts;
    return commands.send({ v: 1, id: newId('cmd', clock, random), kind: 'activate', storageId, version }, signal);
  }
}
