import { expect, test } from 'vitest';
import { carrier, carrierOf, jobTelemetry, traceIdOf } from '../../../src/telemetry/tracing.ts';

test('without a tracer every carrier starts a W3C trace of its own', () => {
  const [one, other] = [carrier(), carrier()];

  expect(one.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  expect(traceIdOf(one)).not.toBe(traceIdOf(other));
});

test('without a tracer an existing trace continues', () => {
  const begun = carrier();

  expect(carrier(begun)).toBe(begun);
});

test('a carrier survives the options of a job unchanged', () => {
  const made = carrier();

  expect(carrierOf(jobTelemetry(made))).toEqual(made);
});

test.each([undefined, {}, { metadata: 'no JSON' }, { metadata: '{}' }])('%o contains no carrier', (telemetry) => {
  expect(carrierOf(telemetry)).toBeUndefined();
  expect(traceIdOf(carrierOf(telemetry))).toBeUndefined();
});
