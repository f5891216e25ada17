import {
  commandConsumer,
  commandStream,
  commandSubjects,
  eventStream,
  eventSubjects,
  keySubject,
  progressSubject,
  progressSubjects,
  streamOf,
  type BucketName,
} from './names.js';

/** Who talks to NATS, each with credentials of its own. */
export const roles = ['inference', 'operator', 'trainer'] as const;
export type NatsRole = (typeof roles)[number];

/** Subjects that may be published to and subscribed to. Nothing else may. */
export interface NatsPermissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** Narrows a trainer's credentials to one run. */
export interface TrainerScope {
  readonly storageId: string;
  readonly run: string;
}

/** Answers come below a prefix of the role's own (`inboxPrefix` of its connection), so that no role hears those of another. */
export function inboxPrefixOf(role: NatsRole): string {
  return `_INBOX_${role}`;
}

/** What a role may do; what it needs for that of JetStream's API, stream by stream. */
export function permissionsOf(role: NatsRole, scope?: TrainerScope): NatsPermissions {
  switch (role) {
    case 'inference':
      return {
        publish: [
          ...reads('models'),
          ...reads('people'),
          ...reads('replicas'),
          ...writes('people'),
          ...writes('replicas'),
          eventSubjects,
          ...readsEvents(),
          commandSubjects,
        ],
        subscribe: [inboxOf(role)],
      };
    case 'operator':
      return {
        publish: [
          ...reads('models'),
          ...reads('people'),
          ...reads('replicas'),
          ...writes('models'),
          eventSubjects,
          ...handlesCommands(),
          ...setsUp(),
        ],
        subscribe: [inboxOf(role), `${progressSubjects}.>`],
      };
    case 'trainer':
      return { publish: [progressSubject(scope?.storageId ?? '*', scope?.run ?? '*')], subscribe: [] };
  }
}

export interface NatsUser {
  readonly username: string;
  /** As it is, or as bcrypt's digest, which the server knows by its form. */
  readonly password: string;
  /** Undefined: may do everything, as an administrator and our tests. */
  readonly permissions: NatsPermissions | undefined;
}

/** The block `authorization` of a server's nats.conf. JSON strings are strings of that format, too. */
export function renderAuthorization(users: readonly NatsUser[]): string {
  const blocks = users.map(({ username, password, permissions }) => {
    const own = permissions ? `, permissions: ${renderPermissions(permissions)}` : '';
    return `  { user: ${JSON.stringify(username)}, password: ${JSON.stringify(password)}${own} }`;
  });
  return `authorization {\n users: [\n${blocks.join('\n')}\n ]\n}`;
}

function renderPermissions({ publish, subscribe }: NatsPermissions): string {
  return `{\n    publish: ${allow(publish)}\n    subscribe: ${allow(subscribe)}\n  }`;
}

/** An empty list of what is allowed would allow everything. */
function allow(subjects: readonly string[]): string {
  return subjects.length === 0 ? '{ deny: [">"] }' : `{ allow: ${JSON.stringify(subjects)} }`;
}

function inboxOf(role: NatsRole): string {
  return `${inboxPrefixOf(role)}.>`;
}

function reads(bucket: BucketName): readonly string[] {
  return readsStream(streamOf(bucket), keySubject(bucket, '>'));
}

function writes(bucket: BucketName): readonly string[] {
  return [keySubject(bucket, '>')];
}

/** After a break it is asked whether the stream is still the one that was being read. */
function readsEvents(): readonly string[] {
  return [...readsStream(eventStream, eventSubjects), `$JS.API.STREAM.INFO.${eventStream}`];
}

/** The last message of a subject, and a reader of one's own. */
function readsStream(stream: string, subjects: string): readonly string[] {
  return [`$JS.API.STREAM.MSG.GET.${stream}`, `$JS.API.CONSUMER.CREATE.${stream}.*.${subjects}`, `$JS.API.CONSUMER.MSG.NEXT.${stream}.*`];
}

function handlesCommands(): readonly string[] {
  const consumer = `${commandStream}.${commandConsumer}`;
  return [`$JS.API.CONSUMER.CREATE.${consumer}`, `$JS.API.CONSUMER.MSG.NEXT.${consumer}`, `$JS.ACK.${consumer}.>`];
}

/** Neither deletes nor purges. */
function setsUp(): readonly string[] {
  const streams = [streamOf('models'), streamOf('people'), streamOf('replicas'), eventStream, commandStream];
  return streams.flatMap((stream) => ['INFO', 'CREATE', 'UPDATE'].map((verb) => `$JS.API.STREAM.${verb}.${stream}`));
}
