export { type Fault, type FaultName, LEAKED } from './faults.ts';
export { type FakeCall, type FakeOpenAI, type FakeOpenAIOptions, type Purpose, startFakeOpenAI } from './server.ts';
