import type { Clock, Logger } from '@facehash/kernel';
import type { Command, CommandQueue } from '@facehash/messaging-core';
import type { Watched, WorkQueue } from '@facehash/operator-runtime';
import { keyOf } from '@facehash/operator-runtime';
import { consumeSideBySide, type Asked } from '@facehash/reconciler';
import type { CachedFaceModel } from './cached-face-model.js';
import { BY_STORAGE_ID } from './face-model-reconciler.js';

/** How soon a process that begins to lead takes commands. */
const LOOK_MS = 250;

export interface CommandsParts {
  readonly commands: CommandQueue;
  readonly models: Pick<Watched<CachedFaceModel>, 'byIndex'>;
  readonly queue: Pick<WorkQueue, 'add'>;
  readonly asked: Asked;
  readonly leads: () => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Takes commands while this process leads. Each says which model to look at; what nothing else says is acknowledged when it is recorded. */
export async function followCommands(parts: CommandsParts, signal: AbortSignal): Promise<void> {
  while (!parts.leads()) await parts.clock.sleep(LOOK_MS, signal);
  await consumeSideBySide(parts.commands, (command) => take(parts, command, signal), signal);
}

async function take({ models, queue, asked, logger }: CommandsParts, command: Command, signal: AbortSignal): Promise<void> {
  const { storageId } = command;
  const found = models.byIndex(BY_STORAGE_ID, storageId);
  // Deleted in the meantime, or of another operator: nothing will come of it.
  if (found.length === 0) return logger.info('a command is for a model that is not there', { kind: command.kind, storageId });
  const recorded = command.kind === 'activate' ? asked.activate(command, signal) : Promise.resolve();
  for (const { metadata } of found) queue.add(keyOf(metadata), 'fresh');
  await recorded;
}
