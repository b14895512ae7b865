import { expect, test } from 'vitest';
import { carrier, carrierOf, jobTelemetry, traceIdOf } from '../../../src/telemetry/tracing.ts';

test('without a tracer every carrier begins a trace of its own, as W3C writes it', () => {
  const [one, other] = [carrier(), carrier()];

  expect(one.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  expect(traceIdOf(one)).not.toBe(traceIdOf(other));
});

test('without a tracer a trace that was begun elsewhere goes on', () => {
  const begun = carrier();

  expect(carrier(begun)).toBe(begun);
});

test('a carrier comes out of the options of a job as it went in', () => {
  const made = carrier();

  expect(carrierOf(jobTelemetry(made))).toEqual(made);
});

test.each([undefined, {}, { metadata: 'no JSON' }, { metadata: '{}' }])('%o holds no carrier', (telemetry) => {
  expect(carrierOf(telemetry)).toBeUndefined();
  expect(traceIdOf(carrierOf(telemetry))).toBeUndefined();
});
