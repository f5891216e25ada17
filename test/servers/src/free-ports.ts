import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * As many different ports of the loopback interface as asked for, free a moment ago. Another program may take one before a server does:
 * whoever starts a server tries again then.
 */
export async function freePorts(count: number): Promise<readonly number[]> {
  const listeners = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  try {
    return await Promise.all(
      listeners.map(async (listener) => {
        await once(listener, 'listening');
        const address = listener.address();
        if (address === null || typeof address === 'string') throw new Error('a listener without a port');
        return address.port;
      }),
    );
  } finally {
    for (const listener of listeners) listener.close();
  }
}
