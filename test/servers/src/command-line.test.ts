import { parseCommand, table } from './command-line.js';
import { serverNames } from './recipes.js';

describe('npm run servers', () => {
  it.each([
    ['start minio nats minio', { command: 'start', kinds: ['minio', 'nats'], json: false }],
    ['start kube-apiserver --json', { command: 'start', kinds: ['kube-apiserver'], json: true }],
    ['build', { command: 'build', names: serverNames }],
    ['build helm', { command: 'build', names: ['helm'] }],
    ['list', { command: 'list', json: false }],
  ])('%s', (line, expected) => expect(parseCommand(line.split(' '))).toEqual(expected));

  it.each([
    ['', 'No command.'],
    ['stop', 'There is no command stop.'],
    ['start', 'start wants the name of a server.'],
    ['start redis', 'redis cannot be started.'],
    ['list nats', 'list takes no names.'],
    ['start nats --port 4222', "Unknown option '--port'."],
  ])('"%s" is answered with what is wrong and how to do it', (line, expected) => {
    const parse = (): unknown => parseCommand(line.split(' ').filter(Boolean));
    expect(parse).toThrow(expected);
    expect(parse).toThrow('Usage: npm run servers');
  });
});

it('a table has columns as wide as they need to be', () => {
  expect(table([['server', 'address'], ['nats', 'nats://x'], ['a']])).toBe('server  address\nnats    nats://x\na'); // prettier-ignore
});
