import fc from 'fast-check';
import type { ActivePointer, LatestPointer, VersionManifest } from '@facehash/artifacts';
import type { FaceModelStatus } from '@facehash/facemodel';
import { observe, readyReplica, samples, trainedVersion, wantedName } from './testing/observed.js';
import { plan } from './plan.js';
import type { ObservedReplica, ObservedRun } from './types.js';

/** A world small enough to break at random: one model, two replicas, one run at a time, and a clock. */
class World {
  latest: LatestPointer | null = null;
  active: ActivePointer | null = null;
  status: FaceModelStatus | null = null;
  run: ObservedRun | null = null;
  now = Date.parse('2026-01-01T00:00:00Z');
  readonly stored: VersionManifest[] = [];
  replicas: ObservedReplica[] = [readyReplica('a'), readyReplica('b')];

  /** `dies`: the program ends after the step and before the status was written. */
  pass(dies = false): void {
    const { latest, active, run, replicas, stored } = this;
    const { step, status, forgetRun } = plan(
      observe({ now: new Date(this.now), latest, active, run, replicas, stored, status: this.status }),
    );
    if (step?.kind === 'activate') this.active = step.pointer;
    if (step?.kind === 'startRun') this.run = { spec: step.spec };
    if (step?.kind === 'cancelRun') this.run = null;
    if (dies) {
      this.run = null; // runs do not outlive the program
      return;
    }
    this.status = status;
    if (forgetRun !== null) this.run = null;
  }

  enrol(): void {
    const counter = (this.latest?.counter ?? 0) + 1;
    this.latest = samples(counter, `photos at ${counter}`);
  }

  endRun(crashes: boolean): void {
    if (!this.run || this.run.outcome) return;
    const { spec } = this.run;
    if (crashes) {
      this.run = { spec, outcome: { outcome: 'failed', code: 'TRAINING_FAILED', message: 'crash', retryable: true } };
      return;
    }
    const of = Array.from({ length: this.latest?.counter ?? 0 }, (_, i) => samples(i + 1, `photos at ${i + 1}`)).find(
      (s) => wantedName(s) === spec.version,
    );
    if (of && !this.stored.some((m) => m.version === spec.version)) this.stored.push(trainedVersion(of));
    this.run = { spec, outcome: { outcome: 'trained', version: spec.version } };
  }

  takeOver(id: string): void {
    const target = this.status?.rollout;
    if (!target || (target.wave === 'First' && !target.replicas.includes(id))) return;
    this.replicas = this.replicas.map((r) => (r.id === id ? readyReplica(id, { answering: target.version.name }) : r));
  }

  restartReplica(id: string): void {
    this.replicas = this.replicas.map((r) => (r.id === id ? readyReplica(id, { answering: this.active?.version ?? null }) : r));
  }
}

const event = fc.oneof(
  fc.constant((w: World) => w.pass()),
  fc.constant((w: World) => w.pass(true)),
  fc.constant((w: World) => w.enrol()),
  fc.boolean().map((crashes) => (w: World) => w.endRun(crashes)),
  fc.constantFrom('a', 'b').map((id) => (w: World) => w.takeOver(id)),
  fc.constantFrom('a', 'b').map((id) => (w: World) => w.restartReplica(id)),
  fc.integer({ min: 1, max: 100 }).map((seconds) => (w: World) => void (w.now += seconds * 1000)),
);

describe('whatever happens, in whatever order, with the program dying between a step and its status', () => {
  it('the active version never goes away, and once things go well again the newest photos are active', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const world = new World();
        world.enrol();
        for (const happen of events) {
          const before = world.active;
          happen(world);
          if (before) expect(world.active?.snapshot).toBeGreaterThanOrEqual(before.snapshot);
        }
        world.enrol(); // new photos: an earlier final failure says nothing about them
        for (let i = 0; i < 40; i++) {
          world.pass();
          world.endRun(false);
          world.takeOver('a');
          world.takeOver('b');
          world.now += 1000;
        }
        expect(world.active).toMatchObject({ snapshot: world.latest?.counter });
        expect(world.status).toMatchObject({ phase: 'Ready', rollout: null, training: { run: null } });
      }),
      { numRuns: 500 },
    );
  });
});
