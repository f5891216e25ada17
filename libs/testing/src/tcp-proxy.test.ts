import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { tcpProxy, type TcpProxy } from './tcp-proxy.js';

describe('a proxy that does what a bad network does', () => {
  let echo: Server;
  let proxy: TcpProxy;
  let client: Socket;
  let heard: string;
  const dial = async (): Promise<Socket> => {
    const socket = connect({ host: '127.0.0.1', port: proxy.port });
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  };
  /** `once` rejects when an error comes first, as it does before a reset. */
  const closed = (socket: Socket): Promise<void> => new Promise((resolve) => void socket.once('close', () => resolve()));
  const hears = async (text: string): Promise<void> => {
    while (heard !== text) await once(client, 'data');
  };

  beforeEach(async () => {
    echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket)).listen(0, '127.0.0.1');
    await once(echo, 'listening');
    proxy = await tcpProxy({ port: (echo.address() as AddressInfo).port });
    client = await dial();
    heard = '';
    client.on('data', (chunk: Buffer) => (heard += chunk.toString()));
  });

  afterEach(async () => {
    client.destroy();
    await proxy[Symbol.asyncDispose]();
    echo.close();
    await once(echo, 'close');
  });

  it('gives on what is said, and counts it', async () => {
    client.write('hello');
    await hears('hello');
    expect(proxy.bytes).toEqual({ toServer: 5, toClient: 5 });
    expect([proxy.open, proxy.made]).toEqual([1, 1]);
  });

  it('gives on an end that was announced, after what was said before it', async () => {
    client.end('bye');
    await once(client, 'end');
    expect(heard).toBe('bye');
  });

  it('resets what is open, and lets in again who comes after', async () => {
    proxy.resetAll();
    await closed(client);
    client = await dial();
    client.on('data', (chunk: Buffer) => (heard += chunk.toString()));
    client.write('again');
    await hears('again');
  });

  it('lets nobody in while it is cut, and everybody once it has healed', async () => {
    proxy.cut();
    await closed(client);
    const refused = connect({ host: '127.0.0.1', port: proxy.port }).on('error', () => undefined);
    await closed(refused);
    proxy.heal();
    client = await dial();
    client.on('data', (chunk: Buffer) => (heard += chunk.toString()));
    client.write('back');
    await hears('back');
  });

  it('holds back what is said while it stalls, and gives it on when it has healed', async () => {
    proxy.stall();
    client.write('late');
    await sleep(100);
    expect([heard, client.closed]).toEqual(['', false]);
    proxy.heal();
    await hears('late');
  });

  it('forgets the connections that are open and lets others through, until it has healed', async () => {
    proxy.stallOpen();
    client.write('forgotten');
    const other = await dial();
    let answer = '';
    other.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    other.write('new');
    while (answer !== 'new') await once(other, 'data');
    expect([heard, client.closed]).toEqual(['', false]);
    proxy.heal();
    await hears('forgotten');
    other.destroy();
  });

  it('changes what is on its way, and breaks off when it is told to', async () => {
    proxy.intercept((chunk, direction) => (direction === 'toClient' ? Buffer.from(chunk.toString().toUpperCase()) : chunk));
    client.write('quiet');
    await hears('QUIET');
    proxy.intercept(() => 'reset');
    client.write('more');
    await closed(client);
    expect(heard).toBe('QUIET');
  });

  it('gives on piece by piece when it is slow', async () => {
    proxy.slow(100);
    client.write('x'.repeat(15));
    await hears('x'.repeat(5));
    await hears('x'.repeat(15));
  });
});
