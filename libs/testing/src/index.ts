export { eventually, untilItPasses, type Patience } from './eventually.js';
export { freePort, freePorts } from './free-ports.js';
export { otlpReceiver, type OtlpReceiver, type ReceivedSpan } from './otlp-receiver.js';
export { sourceFlags } from './source-flags.js';
export { tcpProxy, type OnItsWay, type TcpProxy } from './tcp-proxy.js';
export { temporaryFolder, type TemporaryFolder } from './temporary-folder.js';
export { TestProcess } from './test-process.js';
