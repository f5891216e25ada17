import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { freePort, freePorts } from './free-ports.js';

describe('free ports', () => {
  it('differ, can be listened at, and are none that the kernel gives to connections', async () => {
    const ports = await freePorts(50);
    expect(new Set(ports).size).toBe(50);
    const range = await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').catch(() => '32768 60999');
    const [first = 0] = range.split(/\s+/).map(Number);
    expect(Math.max(...ports)).toBeLessThan(first);
    const servers = ports.map((port) => createServer().listen(port, '127.0.0.1'));
    await Promise.all(servers.map((server) => once(server, 'listening')));
    for (const server of servers) server.close();
  });

  it('are not those where somebody listens', async () => {
    const port = await freePort();
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    expect(await freePorts(200)).not.toContain(port);
    server.close();
  });
});
