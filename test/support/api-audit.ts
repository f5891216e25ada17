import { readFile } from 'node:fs/promises';

/** A call of the API server, as its audit log has it. */
export interface AuditedCall {
  readonly verb: string;
  /** `batch/jobs`, `secrets`, `facehash.dev/facemodels/status`. */
  readonly resource: string;
  /** Empty: of the whole cluster. */
  readonly namespace: string;
  readonly name: string;
  readonly status: number;
}

interface AuditEvent {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number };
}

/** What somebody asked of resources. */
export async function callsOf(auditLog: string, username: string): Promise<readonly AuditedCall[]> {
  const lines = (await readFile(auditLog, 'utf8')).split('\n').filter((line) => line !== '');
  return lines
    .map((line) => JSON.parse(line) as AuditEvent)
    .filter(({ user, objectRef }) => user.username === username && objectRef?.resource !== undefined)
    .map(callOf);
}

function callOf({
  verb,
  objectRef: { apiGroup, resource, subresource, namespace = '', name = '' } = {},
  responseStatus,
}: AuditEvent): AuditedCall {
  const path = [apiGroup, resource, subresource].filter((part) => part !== undefined && part !== '');
  return { verb, resource: path.join('/'), namespace, name, status: responseStatus?.code ?? 0 };
}

/** What a call needs: a patch that makes what was not there needs both. */
export function verbsOf({ verb, status }: AuditedCall): readonly string[] {
  return verb === 'patch' && status === 201 ? ['create', 'patch'] : [verb];
}
