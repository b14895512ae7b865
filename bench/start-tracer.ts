import { startTracing } from '../src/telemetry/start-tracing.ts';

// The tracer must start before the modules that it traces are loaded.
await startTracing();
