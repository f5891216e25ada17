import { once } from 'node:events';
import { connect } from 'node:net';

const OP_MSG = 2013;

/** Whether something on this port of the loopback interface answers MongoDB's `hello` with `ok: 1`, which is what a driver asks first. */
export async function answersHello(port: number, signal: AbortSignal): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect', { signal });
    socket.write(helloMessage());
    const [reply] = (await once(socket, 'data', { signal })) as [Buffer];
    const ok = reply.indexOf('\x01ok\0', 0, 'latin1'); // a field of type double
    return ok !== -1 && ok + 12 <= reply.length && reply.readDoubleLE(ok + 4) === 1;
  } finally {
    socket.destroy();
  }
}

/** OP_MSG with the BSON document `{hello: 1, $db: 'admin'}`: lengths and numbers are little-endian. */
export function helloMessage(): Buffer {
  const database = Buffer.from('admin\0');
  const fields = Buffer.concat([Buffer.from('\x10hello\0'), int32(1), Buffer.from('\x02$db\0'), int32(database.length), database]);
  const document = Buffer.concat([int32(4 + fields.length + 1), fields, Buffer.of(0)]);
  const [flags, kind] = [int32(0), Buffer.of(0)];
  const body = Buffer.concat([flags, kind, document]);
  return Buffer.concat([int32(16 + body.length), int32(1), int32(0), int32(OP_MSG), body]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}
