import type { LoadedVersion } from './load-version.js';

/** A request's hold on the one version that answers it. */
export interface Lease {
  readonly version: LoadedVersion;
  /** Once, when the answer is made. */
  release(): void;
}

/** The version that answers for one model here. Replaced ones are closed when their last request has been answered. */
export class Slot {
  #current: Held | undefined;

  get answering(): string | null {
    return this.#current?.version.name ?? null;
  }

  get sizeBytes(): number {
    return this.#current?.version.model.sizeBytes ?? 0;
  }

  get leased(): boolean {
    return (this.#current?.leases ?? 0) > 0;
  }

  /** Undefined while no version is held. */
  lease(): Lease | undefined {
    const held = this.#current;
    if (!held) return undefined;
    held.leases++;
    let released = false;
    return {
      version: held.version,
      release: () => {
        if (released) return;
        released = true;
        held.leases--;
        closeWhenDrained(held);
      },
    };
  }

  /** New requests are answered by `version` from now on; undefined: by none. */
  swap(version: LoadedVersion | undefined): void {
    const before = this.#current;
    this.#current = version && { version, leases: 0, retired: false };
    if (!before) return;
    before.retired = true;
    closeWhenDrained(before);
  }
}

interface Held {
  readonly version: LoadedVersion;
  leases: number;
  retired: boolean;
}

function closeWhenDrained(held: Held): void {
  if (held.retired && held.leases === 0) held.version.model.close();
}
