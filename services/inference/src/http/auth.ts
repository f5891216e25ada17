import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { FaceHashError } from '@facehash/kernel';
import type { ModelState } from '@facehash/messaging-core';
import type { ModelDirectory } from '@facehash/recognition';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Admission } from './admission.js';
import type { RateLimits } from './rate-limits.js';
import type { Forwarder } from './forwarding.js';
import { ADMISSION, FORWARDER, MODEL_DIRECTORY, RATE_LIMITS } from './tokens.js';

interface Authorised {
  readonly model: ModelState;
  /** The key opens the same model now. */
  readonly stillValid: () => boolean;
}

const authorised = new WeakMap<FastifyRequest, Authorised>();

/** The model whose key a request brought; undefined before the guard has run, or when it refused. */
export function modelOf(request: FastifyRequest): ModelState | undefined {
  return authorised.get(request)?.model;
}

/** For what goes on long after the guard has run. */
export function keyStillValid(request: FastifyRequest): boolean {
  return authorised.get(request)?.stillValid() ?? false;
}

/** Lets in whoever has a model's key, as often as that may and while there is room. Unknown and revoked keys get the same answer, found out in the same way. */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(
    @Inject(MODEL_DIRECTORY) private readonly directory: ModelDirectory,
    @Inject(ADMISSION) private readonly admission: Admission,
    @Inject(RATE_LIMITS) private readonly rates: RateLimits,
    @Inject(FORWARDER) private readonly forwarder: Forwarder,
  ) {}

  canActivate(context: ExecutionContext): true | Promise<true> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    this.admission.enter(reply.raw);
    this.forwarder.check(request);
    // Nobody may be called a stranger before everybody is known.
    if (!this.directory.synced) throw new FaceHashError('STORE_UNAVAILABLE', { what: 'the model directory is not synced' });
    const key = keyIn(request);
    if (key === undefined) throw new FaceHashError('API_KEY_INVALID', { detail: 'no key was sent: put it into the header x-api-key' });
    const model = this.directory.byApiKey(key);
    if (!model || model.tombstone) throw new FaceHashError('API_KEY_INVALID');
    this.rates.take(model);
    authorised.set(request, { model, stillValid: () => this.directory.byApiKey(key)?.storageId === model.storageId });
    const route = this.forwarder.routeOf(model);
    return route === null ? true : this.forwarder.answer(request, reply, { route, key });
  }
}

/** The path of the ancestor's calls first, then the headers. */
function keyIn({ params, headers }: FastifyRequest): string | undefined {
  if (typeof params === 'object' && params !== null && 'apiKey' in params) return String(params.apiKey);
  const own = headers['x-api-key'];
  if (typeof own === 'string') return own;
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
}
