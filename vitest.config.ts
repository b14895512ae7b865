import { defineConfig } from 'vitest/config';

const isFull = process.env.FAULTS === 'full';
/** Of two cores: most of their time they wait for servers and processes of their own. */
const WORKERS = 3;
const MINUTE = 60_000;
// Limits are safety nets: a test fails for what never happens, not for a machine that is slow or busy.
const LIMITS = { testTimeout: 5 * MINUTE, hookTimeout: 5 * MINUTE, expect: { poll: { timeout: 2 * MINUTE } } };

export default defineConfig({
  test: {
    coverage: { provider: 'v8', include: ['src/**', 'workers/**'], reporter: ['text-summary'] },
    projects: [
      { test: { ...LIMITS, name: 'unit', include: ['test/unit/**/*.test.ts'], maxWorkers: WORKERS } },
      { test: { ...LIMITS, name: 'integration', include: ['test/integration/**/*.test.ts'], maxWorkers: WORKERS } },
      // Each file starts up to ten servers.
      {
        test: {
          ...LIMITS,
          name: 'deploy',
          include: ['test/deploy/**/*.test.ts'],
          // Last, one file at a time: each starts six or more servers.
          sequence: { groupOrder: 2 },
          maxWorkers: 1,
        },
      },
      {
        test: {
          ...LIMITS,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: 'test/support/opencode/build.ts',
          maxWorkers: WORKERS,
        },
      },
      {
        test: {
          ...LIMITS,
          name: 'faults',
          include: ['test/faults/**/*.test.ts'],
          testTimeout: isFull ? 180 * MINUTE : 15 * MINUTE,
          // After the others. Most of its time it waits, so that two files go at once; in a full run one does, so that its
          // figures hold.
          sequence: { groupOrder: 1 },
          maxWorkers: isFull ? 1 : 2,
        },
      },
    ],
  },
});
