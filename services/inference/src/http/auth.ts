import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { FaceHashError } from '@facehash/kernel';
import type { ModelState } from '@facehash/messaging-core';
import type { ModelDirectory } from '@facehash/recognition';
import type { FastifyRequest } from 'fastify';
import { MODEL_DIRECTORY } from './tokens.js';

const models = new WeakMap<FastifyRequest, ModelState>();

/** The model whose key a request brought; undefined before the guard has run, or when it refused. */
export function modelOf(request: FastifyRequest): ModelState | undefined {
  return models.get(request);
}

/** Lets in whoever has a model's key. Unknown and revoked keys get the same answer, found out in the same way. */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(@Inject(MODEL_DIRECTORY) private readonly directory: ModelDirectory) {}

  canActivate(context: ExecutionContext): true {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    // Nobody may be called a stranger before everybody is known.
    if (!this.directory.synced) throw new FaceHashError('STORE_UNAVAILABLE', { what: 'the model directory is not synced' });
    const key = keyIn(request);
    if (key === undefined) throw new FaceHashError('API_KEY_INVALID', { detail: 'no key was sent: put it into the header x-api-key' });
    const model = this.directory.byApiKey(key);
    if (!model || model.tombstone) throw new FaceHashError('API_KEY_INVALID');
    models.set(request, model);
    return true;
  }
}

/** The path of the ancestor's calls first, then the headers. */
function keyIn({ params, headers }: FastifyRequest): string | undefined {
  if (typeof params === 'object' && params !== null && 'apiKey' in params) return String(params.apiKey);
  const own = headers['x-api-key'];
  if (typeof own === 'string') return own;
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
}
