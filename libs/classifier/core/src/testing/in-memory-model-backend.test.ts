import { describeModelBackendContract, InMemoryModelBackend } from './index.js';

describeModelBackendContract('in memory', async () => new InMemoryModelBackend());
