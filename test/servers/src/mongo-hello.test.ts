import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { answersHello, helloMessage } from './mongo-hello.js';

it('hello is an OP_MSG that tells its own length and that of its document', () => {
  const message = helloMessage();
  expect(message.readInt32LE(0)).toBe(message.length);
  expect(message.readInt32LE(12)).toBe(2013);
  expect(message.readInt32LE(21)).toBe(message.length - 21);
  expect(message.toString('latin1')).toContain('\x10hello\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0\0');
});

describe('an answer', () => {
  it.each([
    ['with ok: 1 is a yes', okField(1), true],
    ['with ok: 0 is a no', okField(0), false],
    ['of something that speaks another protocol is a no', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), false],
    ['that is cut off is a no', okField(1).subarray(0, 6), false],
  ])('%s', async (_, reply, expected) => {
    const { server, port } = await answering(reply);
    try {
      expect(await answersHello(port, AbortSignal.timeout(5000))).toBe(expected);
    } finally {
      server.close();
    }
  });

  it('that does not come is waited for as long as the caller says', async () => {
    const { server, port } = await answering(undefined);
    try {
      await expect(answersHello(port, AbortSignal.timeout(100))).rejects.toThrow('abort');
    } finally {
      server.close();
    }
  });
});

function okField(value: number): Buffer {
  const number = Buffer.alloc(8);
  number.writeDoubleLE(value);
  return Buffer.concat([Buffer.from('\x01ok\0', 'latin1'), number]);
}

async function answering(reply: Buffer | undefined): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined).once('data', () => reply !== undefined && socket.write(reply));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as { port: number }).port };
}
