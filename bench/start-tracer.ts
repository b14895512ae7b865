import { startTracing } from '../src/telemetry/start.ts';

// Before anything that it is to see.
await startTracing();
