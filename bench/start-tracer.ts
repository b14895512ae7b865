import { startTracing } from '../src/telemetry/start-tracing.ts';

// Before anything that it is to see.
await startTracing();
