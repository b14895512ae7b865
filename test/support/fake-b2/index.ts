export type { FakeB2, FakeB2Options } from './server.ts';
export { startFakeB2 } from './server.ts';
