export { ERROR_CONTENT, type Fault, type FaultName } from './faults.ts';
export { type CallPurpose, type FakeCall, type FakeOpenAI, type FakeOpenAIOptions, startFakeOpenAI } from './server.ts';
