import { expect, test } from 'vitest';
import { isTraced } from '../../../src/telemetry/start-tracing.ts';

test.each([
  [{}, false],
  [{ DD_SERVICE: 'shop', DD_ENV: 'production' }, false],
  [{ DD_TRACE_ENABLED: 'true' }, true],
  [{ DD_TRACE_ENABLED: '1' }, true],
  [{ DD_TRACE_AGENT_URL: 'http://agent:8126' }, true],
  [{ DD_AGENT_HOST: 'agent' }, true],
  [{ DD_TRACE_AGENT_PORT: '8126' }, true],
  [{ DD_TRACE_AGENT_URL: '' }, false],
  [{ DD_TRACE_ENABLED: 'false', DD_AGENT_HOST: 'agent' }, false],
  [{ DD_TRACE_ENABLED: '0', DD_AGENT_HOST: 'agent' }, false],
  [{ DD_TRACE_ENABLED: 'False', DD_AGENT_HOST: 'agent' }, false],
])('%o enables tracing: %s', (environment, asked) => {
  expect(isTraced(environment)).toBe(asked);
});
