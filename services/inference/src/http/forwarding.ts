import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { FaceHashError } from '@facehash/kernel';
import type { ModelState } from '@facehash/messaging-core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { eventsUntil } from './forwarded-events.js';
import { endToEnd, FORWARDED } from './forwarded-headers.js';
import { invalid } from './failure.js';
import { Parting, StandInDue } from './parting.js';
import type { HttpPorts } from './ports.js';
import { askUpstream, Unreachable } from './upstream.js';

/** Beyond the longest that an answer may take: who is slower than that is not there. */
const SLACK_MS = 10_000;
/** The pods of a model change while Kubernetes rolls them: another one listens. */
const REFUSED_TRIES = 2;
const REFUSED_PAUSE_MS = 100;

/** Thrown where the answer was left to somebody else: nothing is to be added to it. */
export class AnsweredElsewhere extends Error {}

type ForwarderParts = Pick<HttpPorts, 'dedicated' | 'limits' | 'clock' | 'readiness'>;

/** Hands the calls of a model that has pods of its own on to these, as they come, and their answers back. */
export class Forwarder {
  readonly #dedicated: boolean;
  readonly #idleMs: number;

  constructor(private readonly parts: ForwarderParts) {
    const { dedicated = false, limits } = parts;
    this.#dedicated = dedicated;
    this.#idleMs = Math.max(limits.trainWaitMs, limits.requestTimeoutMs) + SLACK_MS;
  }

  /** Throws REQUEST_INVALID for a call that says of itself that it was handed on, where none may come: it would go round in circles. */
  check({ headers }: FastifyRequest): void {
    if (this.#dedicated || headers[FORWARDED] === undefined) return;
    throw invalid({ path: FORWARDED, message: 'is for calls from one replica to another' });
  }

  /** Where calls of the model go; null: they are answered here. */
  routeOf({ route }: Pick<ModelState, 'route'>): string | null {
    return this.#dedicated ? null : route;
  }

  /** Rejects in any case: with `AnsweredElsewhere` once an answer is on its way back, else with STORE_UNAVAILABLE or DEADLINE_EXCEEDED. */
  async answer(
    request: FastifyRequest,
    reply: FastifyReply,
    { route, key }: { readonly route: string; readonly key: string },
  ): Promise<never> {
    const { clock, limits, readiness } = this.parts;
    using parting = new Parting({ draining: readiness.draining, graceMs: limits.shutdownGraceMs, clock });
    const waiting = { idleMs: this.#idleMs, told: parting.told.bind(parting), cut: parting.signal };
    const headers = { ...endToEnd(request.headers), 'x-api-key': key, [FORWARDED]: '1' };
    for (let tries = 1; ; tries++) {
      try {
        const answer = await askUpstream(request.raw, reply.raw, { route, headers, ...waiting });
        this.#passOn(answer, reply);
        throw new AnsweredElsewhere();
      } catch (error) {
        if (error instanceof StandInDue) {
          const { status, headers: own, body } = error.standIn;
          void reply.status(status).headers(own).send(body);
          throw new AnsweredElsewhere();
        }
        if (!(error instanceof Unreachable)) throw error;
        if (!error.refused || tries >= REFUSED_TRIES) throw new FaceHashError('STORE_UNAVAILABLE', { route }, { cause: error });
        await clock.sleep(REFUSED_PAUSE_MS);
      }
    }
  }

  #passOn(answer: IncomingMessage, reply: FastifyReply): void {
    void reply.status(answer.statusCode ?? 502).headers(endToEnd(answer.headers));
    if (answer.headers['content-type']?.startsWith('text/event-stream') !== true) return void reply.send(answer);
    const events = eventsUntil(this.parts.readiness.draining, answer);
    void reply.header('connection', 'close').send(Readable.from(events, { objectMode: false }));
  }
}
